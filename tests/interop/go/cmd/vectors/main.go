// Vectors writes tokens, containers and DID documents of every kind, from fixed seeds, into a folder. Every run writes the same.
package main

import (
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"forge.invalid/interop/ucan"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("vectors FOLDER")
	}
	made := tokens()
	for name, what := range map[string]any{
		"tokens.json": described(made), "containers.json": containers(made), "documents.json": documents(),
	} {
		text, err := json.MarshalIndent(what, "", " ")
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(os.Args[1], name), append(text, '\n'), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func must[T any](what T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return what
}

func described(made []vector) []any {
	list := []any{}
	for _, one := range made {
		entry := map[string]any{
			"name": one.name, "kind": one.token.Kind, "by": one.by, "cid": one.token.Link.String(),
			"means": json.RawMessage(must(ucan.EncodeJSON(one.token.Payload))), "token": hex.EncodeToString(one.token.Bytes),
		}
		if one.token.Kind != ucan.KindDelegation {
			entry["task"] = one.token.Task().String()
		}
		list = append(list, entry)
	}
	return list
}

func containers(made []vector) []any {
	sets := []struct {
		name   string
		tokens []vector
	}{{"of nothing", nil}, {"of one", made[:1]}, {"of several", made[1:7]}}
	list := []any{}
	for _, set := range sets {
		var held []*ucan.Token
		for _, one := range set.tokens {
			held = append(held, one.token)
		}
		data := must(ucan.Pack(held...))
		list = append(list, container(set.name+", a body", "", data))
		for _, letter := range []byte(ucan.Letters) {
			list = append(list, container(set.name, string(letter), must(ucan.Wrap(letter, data))))
		}
	}
	return list
}

func container(name, letter string, data []byte) any {
	body := data
	if letter != "" {
		body = must(ucan.Unwrap(data))
	}
	cids := []string{}
	for _, token := range must(ucan.Unpack(body)) {
		cids = append(cids, token.Link.String())
	}
	return map[string]any{"name": name, "letter": letter, "tokens": cids, "hex": hex.EncodeToString(data)}
}

func documents() []any {
	list := []any{}
	for _, one := range everybody {
		signer := one.signer()
		if signer.Multikey() != "" {
			list = append(list, map[string]any{"by": one, "document": ucan.Describe(signer), "key": signer.Multikey()})
		}
	}
	return list
}
