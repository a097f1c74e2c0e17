package ucan

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Relationships of a DID document: whose signatures count for what.
const (
	ToInvoke   = "capabilityInvocation"
	ToDelegate = "capabilityDelegation"
)

const (
	resolveTimeout = 10 * time.Second
	maxDocument    = 1 << 20
)

// Document is a DID document.
type Document struct {
	Context            any      `json:"@context"` // text, or a list of it
	ID                 string   `json:"id"`
	VerificationMethod []Method `json:"verificationMethod"`
	// Where one is absent, every method stands in it.
	Authentication       []string `json:"authentication,omitempty"`
	AssertionMethod      []string `json:"assertionMethod,omitempty"`
	CapabilityInvocation []string `json:"capabilityInvocation,omitempty"`
	CapabilityDelegation []string `json:"capabilityDelegation,omitempty"`
}

// Method is a key of a document.
type Method struct {
	ID                 string `json:"id"`
	Type               string `json:"type"`
	Controller         string `json:"controller"`
	PublicKeyMultibase string `json:"publicKeyMultibase"`
}

// Describe writes the document of a service.
func Describe(signer Signer) Document {
	id := signer.DID() + "#key-0"
	names := []string{id}
	return Document{
		Context: "https://www.w3.org/ns/did/v1.1", ID: signer.DID(),
		VerificationMethod: []Method{{id, "Multikey", signer.DID(), signer.Multikey()}},
		Authentication:     names, AssertionMethod: names, CapabilityInvocation: names, CapabilityDelegation: names,
	}
}

// Keys gives the keys that count for something, in multikey form.
func (d Document) Keys(relationship string) []string {
	named := map[string][]string{ToInvoke: d.CapabilityInvocation, ToDelegate: d.CapabilityDelegation}[relationship]
	var keys []string
	for _, method := range d.VerificationMethod {
		if method.Type == "Multikey" && (named == nil || contains(named, method.ID)) {
			keys = append(keys, method.PublicKeyMultibase)
		}
	}
	return keys
}

func contains(list []string, text string) bool {
	for _, one := range list {
		if one == text {
			return true
		}
	}
	return false
}

// Resolver finds the keys of DIDs.
type Resolver struct {
	Known     map[string]Document // by DID: those that are not asked for
	Directory string              // the URL of a did:plc directory, if there is one
	Authority string              // the DID of whoever attests for did:mailto, if there is one
}

// keys gives the keys of a DID that count for something.
func (r Resolver) keys(did, relationship string) ([]string, error) {
	if document, known := r.Known[did]; known {
		return document.Keys(relationship), nil
	}
	switch {
	case isKey(did):
		return []string{strings.TrimPrefix(did, keyPrefix)}, nil
	case strings.HasPrefix(did, "did:plc:") && r.Directory != "":
		document, err := fetchDocument(r.Directory + "/" + did)
		if err != nil {
			return nil, named("DIDKeyResolutionError", "unable to resolve %q key: %v", did, err)
		}
		return document.Keys(relationship), nil
	}
	return nil, named("DIDKeyResolutionError", "unable to resolve %q key: not resolvable by any resolver", did)
}

// verify says who signed a token, or that nobody did that may.
func (r Resolver) verify(token *Token, relationship string) error {
	issuer := token.Text("iss")
	if strings.HasPrefix(issuer, "did:mailto:") && r.Authority != "" {
		return r.verifyAttested(token)
	}
	keys, err := r.keys(issuer, relationship)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if verify(key, token.Header, token.Signed, token.Signature) {
			return nil
		}
	}
	return named("InvalidSignature", "proof %q does not have a valid signature from %q", token.Link, issuer)
}

func (r Resolver) verifyAttested(token *Token) error {
	attestation, err := ReadToken(token.Signature)
	if err != nil || string(token.Header) != string(attestedHeader) ||
		attestation.Text("cmd") != "/ucan/attest/proof" || attestation.Text("iss") != r.Authority ||
		attestation.Text("sub") != r.Authority || attestation.Args()["proof"] != link(rawCodec, token.Signed) {
		return named("InvalidSignature", "proof %q is not attested by %q", token.Link, r.Authority)
	}
	return r.verify(attestation, ToInvoke)
}

// Verify checks the signature of a token, as an invocation or a delegation.
func (r Resolver) Verify(token *Token) error {
	if token.Kind == KindDelegation {
		return r.verify(token, ToDelegate)
	}
	return r.verify(token, ToInvoke)
}

func fetchDocument(url string) (Document, error) {
	var document Document
	client := http.Client{Timeout: resolveTimeout}
	response, err := client.Get(url)
	if err != nil {
		return document, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return document, fmt.Errorf("status %d", response.StatusCode)
	}
	err = json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(&document)
	return document, err
}
