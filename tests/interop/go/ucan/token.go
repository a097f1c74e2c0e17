package ucan

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/ipfs/go-cid"
)

// The kinds of tokens.
const (
	KindDelegation = "delegation"
	KindInvocation = "invocation"
	KindReceipt    = "receipt"
)

const (
	delegationTag  = "ucan/dlg@1.0.0-rc.1"
	invocationTag  = "ucan/inv@1.0.0-rc.1"
	receiptCommand = "/ucan/assert/receipt"
	nonceBytes     = 16
	rawCodec       = cid.Raw
)

// Token is a signed token. A receipt is an invocation of its own command.
type Token struct {
	Kind      string
	Bytes     []byte
	Link      cid.Cid
	Payload   Map
	Signature []byte
	Header    []byte
	Signed    []byte
}

// Delegation is what a delegation says.
type Delegation struct {
	Audience   string
	Subject    any // a DID, or nil
	Command    string
	Policy     []any
	Expiration any // Unix seconds, or nil
	NotBefore  int64
	Nonce      []byte // random where nil
	Meta       Map
}

// Invocation is what an invocation says.
type Invocation struct {
	Audience   string
	Subject    string
	Command    string
	Args       Map
	Proofs     []cid.Cid
	Expiration any // Unix seconds, or nil
	IssuedAt   int64
	Cause      cid.Cid
	Nonce      []byte // random where nil
	Meta       Map
}

// Delegate signs a delegation.
func Delegate(by Signer, what Delegation) (*Token, error) {
	policy := what.Policy
	if policy == nil {
		policy = []any{}
	}
	payload := Map{
		"iss": by.DID(), "aud": what.Audience, "sub": what.Subject, "cmd": what.Command, "pol": policy,
		"exp": what.Expiration, "nonce": nonce(what.Nonce),
	}
	if what.NotBefore != 0 {
		payload["nbf"] = what.NotBefore
	}
	if what.Meta != nil {
		payload["meta"] = what.Meta
	}
	return sign(by, delegationTag, payload)
}

// Invoke signs an invocation.
func Invoke(by Signer, what Invocation) (*Token, error) {
	args, proofs := what.Args, []any{}
	if args == nil {
		args = Map{}
	}
	for _, proof := range what.Proofs {
		proofs = append(proofs, proof)
	}
	payload := Map{
		"iss": by.DID(), "sub": what.Subject, "cmd": what.Command, "args": args, "prf": proofs,
		"exp": what.Expiration, "nonce": nonce(what.Nonce),
	}
	if what.Audience != "" {
		payload["aud"] = what.Audience
	}
	if what.IssuedAt != 0 {
		payload["iat"] = what.IssuedAt
	}
	if what.Cause.Defined() {
		payload["cause"] = what.Cause
	}
	if what.Meta != nil {
		payload["meta"] = what.Meta
	}
	return sign(by, invocationTag, payload)
}

// Conclude signs the receipt of a task: out is a map with "ok" or "error".
func Conclude(by Signer, ran cid.Cid, out Map, issuedAt int64, expiration any, nonce []byte) (*Token, error) {
	return Invoke(by, Invocation{
		Subject: by.DID(), Command: receiptCommand, Args: Map{"ran": ran, "out": out},
		IssuedAt: issuedAt, Expiration: expiration, Nonce: nonce,
	})
}

func nonce(given []byte) []byte {
	if given != nil {
		return given
	}
	made := make([]byte, nonceBytes)
	if _, err := rand.Read(made); err != nil {
		panic(err) // there is no going on without it
	}
	return made
}

func sign(by Signer, tag string, payload Map) (*Token, error) {
	signed := Map{"h": by.Header(), tag: payload}
	message, err := Encode(signed)
	if err != nil {
		return nil, err
	}
	signature, err := by.Sign(message)
	if err != nil {
		return nil, err
	}
	data, err := Encode([]any{signature, signed})
	if err != nil {
		return nil, err
	}
	return ReadToken(data)
}

// ReadToken reads a token of any kind. No signature is looked at.
func ReadToken(data []byte) (*Token, error) {
	value, err := Decode(data)
	if err != nil {
		return nil, err
	}
	parts, _ := value.([]any)
	if len(parts) != 2 {
		return nil, errors.New("an envelope has two parts")
	}
	signature, isBytes := parts[0].([]byte)
	signed, isMap := parts[1].(Map)
	if !isBytes || !isMap || len(signed) != 2 {
		return nil, errors.New("an envelope is a signature and what is signed")
	}
	token := &Token{Bytes: data, Link: Link(data), Signature: signature}
	for key, part := range signed {
		switch key {
		case "h":
			token.Header, _ = part.([]byte)
		case delegationTag:
			token.Kind = KindDelegation
			token.Payload, _ = part.(Map)
		case invocationTag:
			token.Kind = KindInvocation
			token.Payload, _ = part.(Map)
		default:
			return nil, fmt.Errorf("unknown kind of token %q", key)
		}
	}
	if token.Header == nil || token.Payload == nil {
		return nil, errors.New("an envelope has a header and a payload")
	}
	if token.Signed, err = Encode(signed); err != nil {
		return nil, err
	}
	if err := token.check(); err != nil {
		return nil, err
	}
	if token.Kind == KindInvocation && token.isReceipt() {
		token.Kind = KindReceipt
	}
	return token, nil
}

func (t *Token) check() error {
	needed := []string{"iss", "sub", "cmd", "exp", "nonce", "args", "prf"}
	if t.Kind == KindDelegation {
		needed = []string{"iss", "aud", "sub", "cmd", "exp", "nonce", "pol"}
	}
	for _, key := range needed {
		if _, has := t.Payload[key]; !has {
			return fmt.Errorf("a payload without %q", key)
		}
	}
	if !strings.HasPrefix(t.Text("iss"), "did:") || !strings.HasPrefix(t.Text("cmd"), "/") {
		return errors.New("an issuer is a DID, and a command begins with /")
	}
	return nil
}

func (t *Token) isReceipt() bool {
	if t.Text("cmd") != receiptCommand || t.Text("aud") != "" {
		return false
	}
	out, _ := t.Args()["out"].(Map)
	_, ran := t.Args()["ran"].(cid.Cid)
	return ran && (out["ok"] != nil || out["error"] != nil)
}

// Text gives a field that is text, and "" where it is not.
func (t *Token) Text(key string) string {
	text, _ := t.Payload[key].(string)
	return text
}

// Args gives the arguments of an invocation.
func (t *Token) Args() Map {
	args, _ := t.Payload["args"].(Map)
	return args
}

// Task names what an invocation asks for.
func (t *Token) Task() cid.Cid {
	data, err := Encode(Map{"cmd": t.Payload["cmd"], "sub": t.Payload["sub"], "args": t.Payload["args"], "nonce": t.Payload["nonce"]})
	if err != nil {
		panic(err) // it was decoded
	}
	return Link(data)
}

// Ran names the task that a receipt is of.
func (t *Token) Ran() cid.Cid {
	ran, _ := t.Args()["ran"].(cid.Cid)
	return ran
}

// Out gives what came of it: a map with "ok" or "error".
func (t *Token) Out() Map {
	out, _ := t.Args()["out"].(Map)
	return out
}

// Executor is whom an invocation is for.
func (t *Token) Executor() string {
	if audience := t.Text("aud"); audience != "" {
		return audience
	}
	return t.Text("sub")
}
