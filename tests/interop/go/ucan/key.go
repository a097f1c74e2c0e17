package ucan

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/multiformats/go-multibase"
)

const keyPrefix = "did:key:"

// What stands before keys, and the varsig headers of what is signed with them (DAG-CBOR payloads).
var (
	ed25519Public    = []byte{0xed, 0x01}
	ed25519Private   = []byte{0x80, 0x26}
	ed25519Header    = []byte{0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71}
	secp256k1Public  = []byte{0xe7, 0x01}
	secp256k1Private = []byte{0x81, 0x26}
	secp256k1Header  = []byte{0x34, 0x01, 0xec, 0x01, 0xe7, 0x01, 0x12, 0x71}
	attestedHeader   = []byte{0x34, 0x01, 0x81, 0x80, 0xc0, 0x01, 0x71}
)

// Signer signs as a DID.
type Signer interface {
	DID() string
	Header() []byte
	Sign(message []byte) ([]byte, error)
	Multikey() string
}

type edSigner struct {
	did string
	key ed25519.PrivateKey
}

type secpSigner struct {
	did string
	key *secp256k1.PrivateKey
}

// ParseSigner reads a tagged private key in any multibase, and has it sign as did: as its own did:key where that is empty.
func ParseSigner(text, did string) (Signer, error) {
	_, data, err := multibase.Decode(text)
	if err != nil {
		return nil, err
	}
	if len(data) != 34 {
		return nil, errors.New("a private key has 32 bytes, and two before them")
	}
	switch {
	case bytes.HasPrefix(data, ed25519Private):
		return newEd(ed25519.NewKeyFromSeed(data[2:]), did), nil
	case bytes.HasPrefix(data, secp256k1Private):
		signer := &secpSigner{did, secp256k1.PrivKeyFromBytes(data[2:])}
		if did == "" {
			signer.did = keyPrefix + signer.Multikey()
		}
		return signer, nil
	}
	return nil, fmt.Errorf("unknown kind of private key %x", data[:2])
}

// ReadSigner reads an Ed25519 key from PKCS #8 PEM.
func ReadSigner(file []byte, did string) (Signer, error) {
	block, _ := pem.Decode(file)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("there is no PEM of a private key")
	}
	found, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := found.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a %T is no Ed25519 key", found)
	}
	return newEd(key, did), nil
}

func newEd(key ed25519.PrivateKey, did string) Signer {
	signer := &edSigner{did, key}
	if did == "" {
		signer.did = keyPrefix + signer.Multikey()
	}
	return signer
}

func (s *edSigner) DID() string    { return s.did }
func (s *edSigner) Header() []byte { return ed25519Header }
func (s *edSigner) Multikey() string {
	return multikey(ed25519Public, s.key.Public().(ed25519.PublicKey))
}
func (s *edSigner) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.key, message), nil }

func (s *secpSigner) DID() string    { return s.did }
func (s *secpSigner) Header() []byte { return secp256k1Header }
func (s *secpSigner) Multikey() string {
	return multikey(secp256k1Public, s.key.PubKey().SerializeCompressed())
}
func (s *secpSigner) Sign(message []byte) ([]byte, error) {
	hash := sha256.Sum256(message)
	return ecdsa.SignCompact(s.key, hash[:], true)[1:], nil // the first byte is for recovery
}

func multikey(tag, public []byte) string {
	text, err := multibase.Encode(multibase.Base58BTC, append(append([]byte{}, tag...), public...))
	if err != nil {
		panic(err) // base58btc is always there
	}
	return text
}

// verify says whether a signature with this header is by the key in multikey form.
func verify(key string, header, message, signature []byte) bool {
	_, data, err := multibase.Decode(key)
	if err != nil {
		return false
	}
	switch {
	case bytes.HasPrefix(data, ed25519Public) && len(data) == 34:
		return bytes.Equal(header, ed25519Header) && ed25519.Verify(data[2:], message, signature)
	case bytes.HasPrefix(data, secp256k1Public) && bytes.Equal(header, secp256k1Header) && len(signature) == 64:
		public, err := secp256k1.ParsePubKey(data[2:])
		if err != nil {
			return false
		}
		var r, s secp256k1.ModNScalar
		if r.SetByteSlice(signature[:32]) || s.SetByteSlice(signature[32:]) || s.IsOverHalfOrder() {
			return false
		}
		hash := sha256.Sum256(message)
		return ecdsa.NewSignature(&r, &s).Verify(hash[:], public)
	}
	return false
}

// attested signs for a did:mailto: its signature is an invocation by an authority that vouches for what is signed.
type attested struct {
	did       string
	authority Signer
}

// Attested signs as did by an attestation of an authority.
func Attested(did string, authority Signer) Signer { return &attested{did, authority} }

func (s *attested) DID() string      { return s.did }
func (s *attested) Header() []byte   { return attestedHeader }
func (s *attested) Multikey() string { return "" }
func (s *attested) Sign(message []byte) ([]byte, error) {
	token, err := Invoke(s.authority, Invocation{
		Subject: s.authority.DID(),
		Command: "/ucan/attest/proof",
		Args:    Map{"proof": link(rawCodec, message)},
		Nonce:   []byte{},
	})
	if err != nil {
		return nil, err
	}
	return token.Bytes, nil
}

func isKey(did string) bool { return strings.HasPrefix(did, keyPrefix) }
