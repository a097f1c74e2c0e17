package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	"forge.invalid/interop/ucan"
)

// publish makes a did:plc of a key in a directory.
func publish(order struct {
	By        party  `json:"by"`
	Directory string `json:"directory"`
	Name      string `json:"name"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	did, err := ucan.Publish(order.Directory, signer, order.Name)
	if err != nil {
		return nil, err
	}
	return map[string]string{"did": did}, nil
}

// host makes a did:web of a key, and answers with its document until the peer ends.
func host(order struct {
	By party `json:"by"`
}) (any, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	order.By.DID = fmt.Sprintf("did:web:localhost%%3A%d", listener.Addr().(*net.TCPAddr).Port)
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(ucan.Describe(signer))
	if err != nil {
		return nil, err
	}
	paths := http.NewServeMux()
	paths.HandleFunc("/.well-known/did.json", func(to http.ResponseWriter, _ *http.Request) { to.Write(document) })
	go http.Serve(listener, paths)
	return map[string]string{"did": signer.DID()}, nil
}

// serve starts a service on loopback, which ends with the peer.
func serve(order struct {
	By   party `json:"by"`
	Keys keys  `json:"keys"`
}) (any, error) {
	signer, err := order.By.signer()
	if err != nil {
		return nil, err
	}
	resolver, err := order.Keys.resolver()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go http.Serve(listener, &ucan.Server{Signer: signer, Resolver: resolver, Handlers: handlers})
	return map[string]string{"url": "http://" + listener.Addr().String()}, nil
}

var handlers = map[string]ucan.Handler{
	"/debug/echo": echo,
	"/test/fail":  func(*ucan.Token, ucan.Container) (any, error) { return nil, errors.New("the disk is full") },
	"/test/refuse": func(*ucan.Token, ucan.Container) (any, error) {
		return nil, ucan.Failure{Name: "InsufficientStorage", Message: "there is no room"}
	},
}

func echo(invocation *ucan.Token, _ ucan.Container) (any, error) {
	message, isText := invocation.Args()["message"].(string)
	if !isText {
		return nil, ucan.Failure{Name: "MalformedArguments", Message: "malformed arguments: message is text"}
	}
	return ucan.Map{"message": message}, nil
}
