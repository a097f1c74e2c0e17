package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"forge.invalid/interop/ucan"
)

// party is who signs: with a key, a key file, or by the attestation of an authority.
type party struct {
	Key       string `json:"key"`  // tagged, in multibase
	File      string `json:"file"` // PKCS #8 PEM
	DID       string `json:"did"`  // that of the key where empty
	Authority *party `json:"authority"`
}

func (p party) signer() (ucan.Signer, error) {
	switch {
	case p.Authority != nil:
		authority, err := p.Authority.signer()
		if err != nil {
			return nil, err
		}
		return ucan.Attested(p.DID, authority), nil
	case p.File != "":
		file, err := os.ReadFile(p.File)
		if err != nil {
			return nil, err
		}
		return ucan.ReadSigner(file, p.DID)
	case p.Key != "":
		return ucan.ParseSigner(p.Key, p.DID)
	}
	return nil, errors.New("nobody signs")
}

// keys are where DIDs' keys are found.
type keys struct {
	Documents []json.RawMessage `json:"documents"`
	Directory string            `json:"directory"`
	Authority string            `json:"authority"`
}

func (k keys) resolver() (ucan.Resolver, error) {
	resolver := ucan.Resolver{Known: map[string]ucan.Document{}, Directory: k.Directory, Authority: k.Authority}
	for _, one := range k.Documents {
		var document ucan.Document
		if err := json.Unmarshal(one, &document); err != nil {
			return resolver, err
		}
		resolver.Known[document.ID] = document
	}
	return resolver, nil
}

func who(order struct {
	By party `json:"by"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	return map[string]string{"did": signer.DID()}, nil
}

func describe(order struct {
	By party `json:"by"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	return map[string]any{"document": ucan.Describe(signer)}, nil
}

// methods tells the keys of a document, and for how many of the two relationships of tokens each counts.
func methods(order struct {
	Document ucan.Document `json:"document"`
}) (any, error) {
	var lines []string
	for _, method := range order.Document.VerificationMethod {
		count := 0
		for _, relationship := range []string{ucan.ToInvoke, ucan.ToDelegate} {
			for _, key := range order.Document.Keys(relationship) {
				if key == method.PublicKeyMultibase {
					count++
				}
			}
		}
		lines = append(lines, fmt.Sprintf("%s %s for %d", method.ID, method.PublicKeyMultibase, count))
	}
	return map[string]string{"methods": strings.Join(lines, ", ")}, nil
}
