package main

import (
	"errors"

	"forge.invalid/interop/ucan"
	"github.com/ipfs/go-cid"
)

// send has the first of the tokens executed, and tells what its receipt says and whether the service that was asked signed it.
func send(order struct {
	URL    string `json:"url"`
	Tokens []raw  `json:"tokens"`
	Method string `json:"method"` // of the header transport; the body's where empty
	Letter string `json:"letter"`
	Keys   keys   `json:"keys"`
}) (any, error) {
	tokens, err := tokensOf(order.Tokens)
	if err != nil {
		return nil, err
	}
	client := ucan.Client{URL: order.URL}
	var found ucan.Container
	if order.Method != "" {
		found, err = client.Retrieve(order.Method, order.Letter[0], tokens...)
	} else {
		found, _, err = client.Execute(tokens...)
	}
	if err != nil {
		return nil, err
	}
	receipt, err := found.Receipt(tokens[0].Task())
	if err != nil {
		return nil, err
	}
	return concluded(receipt, tokens[0].Text("cmd"), tokens[0].Executor(), order.Keys)
}

func poll(order struct {
	URL      string `json:"url"`
	Task     string `json:"task"`
	Executor string `json:"executor"`
	Keys     keys   `json:"keys"`
}) (any, error) {
	task, err := cid.Decode(order.Task)
	if err != nil {
		return nil, err
	}
	receipt, err := ucan.Client{URL: order.URL}.Receipt(task)
	if err != nil {
		return nil, err
	}
	return concluded(receipt, "", order.Executor, order.Keys)
}

func concluded(receipt *ucan.Token, command, executor string, where keys) (any, error) {
	resolver, err := where.resolver()
	if err != nil {
		return nil, err
	}
	if receipt.Text("iss") != executor || receipt.Text("sub") != executor {
		return nil, errors.New("the receipt is by " + receipt.Text("iss"))
	}
	if err := resolver.Verify(receipt); err != nil {
		return nil, err
	}
	told := map[string]any{"receipt": raw(receipt.Bytes), "ran": receipt.Ran().String()}
	if done := receipt.Out()["ok"]; done != nil {
		if err := ucan.CheckResult(command, done); err != nil {
			return nil, err
		}
		told["ok"] = value{done}
		return told, nil
	}
	failed, _ := receipt.Out()["error"].(ucan.Map)
	name, isName := failed["name"].(string)
	message, isMessage := failed["message"].(string)
	if !isName || !isMessage {
		return nil, errors.New("an error has a name and a message")
	}
	told["error"], told["message"] = name, message
	return told, nil
}
