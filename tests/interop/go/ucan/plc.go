package ucan

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const identifierLength = 24

// Publish makes a did:plc whose only key, under a name, is that of signer, and which that key may change.
func Publish(directory string, signer Signer, name string) (string, error) {
	key := keyPrefix + signer.Multikey()
	operation := Map{
		"type": "plc_operation", "prev": nil, "services": Map{}, "alsoKnownAs": []any{},
		"rotationKeys": []any{key}, "verificationMethods": Map{name: key},
	}
	unsigned, err := Encode(operation)
	if err != nil {
		return "", err
	}
	signature, err := signer.Sign(unsigned)
	if err != nil {
		return "", err
	}
	operation["sig"] = base64.RawURLEncoding.EncodeToString(signature)
	signed, err := Encode(operation)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(signed)
	did := "did:plc:" + strings.ToLower(base32.StdEncoding.EncodeToString(hash[:]))[:identifierLength]
	body, err := json.Marshal(operation)
	if err != nil {
		return "", err
	}
	response, err := http.Post(directory+"/"+did, "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, maxDocument))
		return "", fmt.Errorf("the directory answered %d: %s", response.StatusCode, said)
	}
	return did, nil
}
