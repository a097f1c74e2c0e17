package ucan

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sort"
)

const (
	containerKey = "ctn-v1"
	maxContainer = 64 << 20
)

// Container holds tokens, in the order of their bytes.
type Container []*Token

// Find gives the tokens of a kind.
func (c Container) Find(kind string) []*Token {
	var found []*Token
	for _, token := range c {
		if token.Kind == kind {
			found = append(found, token)
		}
	}
	return found
}

// Pack writes tokens as a container's CBOR, as an HTTP body is: sorted, none twice.
func Pack(tokens ...*Token) ([]byte, error) {
	sorted := append([]*Token{}, tokens...)
	sort.Slice(sorted, func(i, j int) bool { return bytes.Compare(sorted[i].Bytes, sorted[j].Bytes) < 0 })
	list := []any{}
	for i, token := range sorted {
		if i == 0 || !bytes.Equal(token.Bytes, sorted[i-1].Bytes) {
			list = append(list, token.Bytes)
		}
	}
	return Encode(Map{containerKey: list})
}

// Unpack reads a container's CBOR. What is no token in it is left out.
func Unpack(data []byte) (Container, error) {
	value, err := Decode(data)
	if err != nil {
		return nil, err
	}
	body, _ := value.(Map)
	list, ok := body[containerKey].([]any)
	if !ok || len(body) != 1 {
		return nil, errors.New("a container has " + containerKey + ", and nothing else")
	}
	var tokens Container
	for _, item := range list {
		entry, ok := item.([]byte)
		if !ok {
			return nil, errors.New("a container holds bytes")
		}
		if token, err := ReadToken(entry); err == nil {
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

// Letters are the encodings of a container: its first byte.
const Letters = "@BCDEF"

// Wrap writes a container's CBOR in an encoding.
func Wrap(letter byte, data []byte) ([]byte, error) {
	if letter >= 'D' {
		var zipped bytes.Buffer
		to := gzip.NewWriter(&zipped)
		if _, err := to.Write(data); err != nil {
			return nil, err
		}
		if err := to.Close(); err != nil {
			return nil, err
		}
		data = zipped.Bytes()
	}
	switch letter {
	case '@', 'D':
		return append([]byte{letter}, data...), nil
	case 'B', 'E':
		return append([]byte{letter}, base64.StdEncoding.EncodeToString(data)...), nil
	case 'C', 'F':
		return append([]byte{letter}, base64.RawURLEncoding.EncodeToString(data)...), nil
	}
	return nil, fmt.Errorf("unknown encoding %q", letter)
}

// Unwrap reads a container's CBOR from whatever encoding it is in.
func Unwrap(wrapped []byte) ([]byte, error) {
	if len(wrapped) == 0 {
		return nil, errors.New("nothing is no container")
	}
	letter, data := wrapped[0], wrapped[1:]
	var err error
	switch letter {
	case '@', 'D':
	case 'B', 'E':
		data, err = base64.StdEncoding.DecodeString(string(bytes.TrimSpace(data)))
	case 'C', 'F':
		data, err = base64.RawURLEncoding.DecodeString(string(bytes.TrimSpace(data)))
	default:
		return nil, fmt.Errorf("unknown encoding %q", letter)
	}
	if err != nil || letter < 'D' {
		return data, err
	}
	zipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(zipped, maxContainer))
}
