package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"

	"forge.invalid/interop/ucan"
	"github.com/ipfs/go-cid"
)

// raw is bytes, hexadecimal in JSON.
type raw []byte

func (r raw) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(r)) }

func (r *raw) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	found, err := hex.DecodeString(text)
	*r = found
	return err
}

// value is whatever IPLD has, DAG-JSON in JSON.
type value struct{ is any }

func (v value) MarshalJSON() ([]byte, error) { return ucan.EncodeJSON(v.is) }

func (v *value) UnmarshalJSON(data []byte) (err error) {
	v.is, err = ucan.DecodeJSON(data)
	return err
}

func delegate(order struct {
	By        party   `json:"by"`
	Audience  string  `json:"audience"`
	Subject   *string `json:"subject"`
	Command   string  `json:"command"`
	Policy    value   `json:"policy"`
	Expires   *int64  `json:"expires"`
	NotBefore int64   `json:"not_before"`
	Nonce     *raw    `json:"nonce"`
	Meta      value   `json:"meta"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	policy, _ := order.Policy.is.([]any)
	meta, _ := order.Meta.is.(ucan.Map)
	return signed(ucan.Delegate(signer, ucan.Delegation{
		Audience: order.Audience, Subject: maybe(order.Subject), Command: order.Command, Policy: policy,
		Expiration: maybe(order.Expires), NotBefore: order.NotBefore, Nonce: given(order.Nonce), Meta: meta,
	}))
}

func invoke(order struct {
	By       party    `json:"by"`
	Audience string   `json:"audience"`
	Subject  string   `json:"subject"`
	Command  string   `json:"command"`
	Args     value    `json:"args"`
	Proofs   []string `json:"proofs"`
	Expires  *int64   `json:"expires"`
	IssuedAt int64    `json:"issued_at"`
	Cause    string   `json:"cause"`
	Nonce    *raw     `json:"nonce"`
	Meta     value    `json:"meta"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	var links []cid.Cid
	for _, one := range order.Proofs {
		link, err := cid.Decode(one)
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	cause := cid.Undef
	if order.Cause != "" {
		if cause, err = cid.Decode(order.Cause); err != nil {
			return nil, err
		}
	}
	args, _ := order.Args.is.(ucan.Map)
	meta, _ := order.Meta.is.(ucan.Map)
	return signed(ucan.Invoke(signer, ucan.Invocation{
		Audience: order.Audience, Subject: order.Subject, Command: order.Command, Args: ucan.Arguments(order.Command, args), Proofs: links,
		Expiration: maybe(order.Expires), IssuedAt: order.IssuedAt, Cause: cause, Nonce: given(order.Nonce), Meta: meta,
	}))
}

func conclude(order struct {
	By       party  `json:"by"`
	Ran      string `json:"ran"`
	Out      value  `json:"out"`
	Expires  *int64 `json:"expires"`
	IssuedAt int64  `json:"issued_at"`
	Nonce    *raw   `json:"nonce"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	ran, err := cid.Decode(order.Ran)
	if err != nil {
		return nil, err
	}
	out, _ := order.Out.is.(ucan.Map)
	return signed(ucan.Conclude(signer, ran, out, order.IssuedAt, maybe(order.Expires), given(order.Nonce)))
}

func maybe[T any](one *T) any {
	if one == nil {
		return nil
	}
	return *one
}

func given(nonce *raw) []byte {
	if nonce == nil {
		return nil
	}
	return append([]byte{}, *nonce...)
}

func signed(token *ucan.Token, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return told(token), nil
}

// told is a token for Python: what names it, and what it says.
func told(token *ucan.Token) map[string]any {
	shown := map[string]any{
		"kind": token.Kind, "token": raw(token.Bytes), "cid": token.Link.String(), "means": value{token.Payload},
	}
	if token.Kind != ucan.KindDelegation {
		shown["task"] = token.Task().String()
	}
	return shown
}

func read(order struct {
	Container raw  `json:"container"`
	Wrapped   bool `json:"wrapped"`
}) (any, error) {
	data := []byte(order.Container)
	if order.Wrapped {
		var err error
		if data, err = ucan.Unwrap(data); err != nil {
			return nil, err
		}
	}
	found, err := ucan.Unpack(data)
	if err != nil {
		return nil, err
	}
	again, err := ucan.Pack(found...)
	if err != nil {
		return nil, err
	}
	tokens := []any{}
	for _, token := range found {
		tokens = append(tokens, told(token))
	}
	return map[string]any{"tokens": tokens, "same": bytes.Equal(again, data)}, nil
}

func pack(order struct {
	Tokens []raw  `json:"tokens"`
	Letter string `json:"letter"`
}) (any, error) {
	tokens, err := tokensOf(order.Tokens)
	if err != nil {
		return nil, err
	}
	data, err := ucan.Pack(tokens...)
	if err == nil && order.Letter != "" {
		data, err = ucan.Wrap(order.Letter[0], data)
	}
	if err != nil {
		return nil, err
	}
	return map[string]raw{"container": data}, nil
}

func tokensOf(list []raw) ([]*ucan.Token, error) {
	var tokens []*ucan.Token
	for _, one := range list {
		token, err := ucan.ReadToken(one)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// verify says whether a token is signed by who it says.
func verify(order struct {
	Token raw  `json:"token"`
	Keys  keys `json:"keys"`
}) (any, error) {
	token, err := ucan.ReadToken(order.Token)
	if err != nil {
		return nil, err
	}
	resolver, err := order.Keys.resolver()
	if err != nil {
		return nil, err
	}
	return verdict(resolver.Verify(token))
}

func verdict(err error) (any, error) {
	if err == nil {
		return map[string]string{"verdict": "ok"}, nil
	}
	if failure, is := err.(ucan.Failure); is {
		return map[string]string{"verdict": failure.Name, "message": failure.Message}, nil
	}
	return nil, err
}
