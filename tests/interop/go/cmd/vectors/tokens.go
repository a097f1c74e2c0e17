package main

import (
	"forge.invalid/interop/ucan"
	"github.com/ipfs/go-cid"
)

// principal is who signs: a tagged private key, a DID where it is not the key's, and whether it only attests for that.
type principal struct {
	Key     string `json:"key"`
	DID     string `json:"did"`
	Attests bool   `json:"attests"`
}

func (p principal) signer() ucan.Signer {
	if p.Attests {
		return ucan.Attested(p.DID, must(ucan.ParseSigner(p.Key, "")))
	}
	return must(ucan.ParseSigner(p.Key, p.DID))
}

// Keys of 32 equal bytes: nobody else's.
var (
	alice     = principal{Key: "MgCYBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="}
	bob       = principal{Key: "MgSYCAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=="}
	web       = principal{Key: "MgCYDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw==", DID: "did:web:upload.example.com"}
	plc       = principal{Key: "MgSYEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA==", DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz"}
	mail      = principal{Key: alice.Key, DID: "did:mailto:example.com:alice%2Bx", Attests: true}
	everybody = []principal{alice, bob, web, plc, mail}
)

const moment = 1_767_225_600

type vector struct {
	name  string
	by    principal
	token *ucan.Token
}

func tokens() []vector {
	nonce, other := []byte("a fixed nonce"), bob.signer().DID()
	note := ucan.Map{
		"text": "Grüße, 世界 🌍", "bytes": []byte{0, 255}, "null": nil, "yes": true, "no": false, "least": int64(-1 << 53),
		"list": []any{int64(0), int64(23), int64(24), int64(256), int64(65536), int64(1 << 33), ucan.Map{}}, "": "",
		"generated": ucan.Generated{"external_id": "org-1", "region": "eu-west-1"},
	}
	policy := []any{
		[]any{"==", ".status", "draft"}, []any{"!=", ".kind?", nil}, []any{"<", ".size", int64(1 << 20)},
		[]any{"<=", ".size", int64(1)}, []any{">", ".count", int64(-1)}, []any{">=", `.["any key"]`, int64(0)},
		[]any{"like", ".path", "/home/*"},
		[]any{"not", []any{"and", []any{[]any{"==", ".a", []byte{0, 255}}, []any{"==", ".b", true}}}},
		[]any{"or", []any{
			[]any{"all", ".to", []any{"like", ".", "*@example.org"}},
			[]any{"any", ".cc", []any{"==", ".", ucan.Link([]byte("linked"))}},
		}},
	}
	meta := ucan.Map{"trace": []byte{1}, "é": int64(1)}
	var made []vector
	for _, by := range everybody {
		signer := by.signer()
		did := signer.DID()
		add := func(name string, token *ucan.Token, err error) {
			made = append(made, vector{name + " by " + did, by, must(token, err)})
		}
		delegation := func(name string, what ucan.Delegation) {
			what.Audience, what.Nonce = other, nonce
			token, err := ucan.Delegate(signer, what)
			add(name, token, err)
		}
		invocation := func(name string, what ucan.Invocation) {
			what.Subject = did
			token, err := ucan.Invoke(signer, what)
			add(name, token, err)
		}
		delegation("a delegation", ucan.Delegation{Subject: did, Command: "/customer/add"})
		delegation("a delegation of everything", ucan.Delegation{
			Subject: did, Command: "/", Policy: policy, Expiration: int64(moment), NotBefore: moment - 60, Meta: meta,
		})
		delegation("a powerline", ucan.Delegation{Command: "/ü/read"})
		invocation("an invocation", ucan.Invocation{Command: "/space/info", Nonce: []byte{}})
		invocation("an invocation of everything", ucan.Invocation{
			Audience: other, Command: "/debug/echo", Args: note, Proofs: []cid.Cid{made[0].token.Link}, Expiration: int64(moment),
			IssuedAt: moment - 1, Cause: made[len(made)-1].token.Link, Nonce: nonce, Meta: meta,
		})
		if by.Attests {
			continue // what has no key executes nothing
		}
		ran := made[len(made)-1].token.Task()
		conclusion := func(name string, out ucan.Map, issuedAt int64, expiration any) {
			token, err := ucan.Conclude(signer, ran, out, issuedAt, expiration, nonce)
			add(name, token, err)
		}
		conclusion("a receipt", ucan.Map{"ok": ucan.Map{}}, moment, nil)
		conclusion("a receipt of everything", ucan.Map{"ok": note}, 0, nil)
		failed := ucan.Map{"name": "HandlerExecutionError", "message": `"/debug/echo" handler execution error: no room`}
		conclusion("a receipt of an error", ucan.Map{"error": failed}, moment, int64(moment+30))
	}
	return made
}
