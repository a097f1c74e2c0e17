package ucan

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const failureLifetime = 30 // seconds

// Handler does a command: what it gives is the receipt's "ok", a Failure is its "error".
type Handler func(invocation *Token, request Container) (any, error)

// Server executes invocations that are addressed to it.
type Server struct {
	Signer   Signer
	Resolver Resolver
	Handlers map[string]Handler
	Now      func() int64
}

func (s *Server) ServeHTTP(to http.ResponseWriter, from *http.Request) {
	if from.Header.Get(header) != "" {
		s.serveHeader(to, from)
		return
	}
	data, err := s.serve(from)
	if err != nil {
		http.Error(to, fmt.Sprintf("handling request: %v", err), http.StatusInternalServerError)
		return
	}
	to.Header().Set("Content-Type", contentType)
	to.Write(data)
}

func (s *Server) serve(from *http.Request) ([]byte, error) {
	if kind := from.Header.Get("Content-Type"); kind != contentType {
		return nil, fmt.Errorf("invalid content type %q, expected %q", kind, contentType)
	}
	body, err := io.ReadAll(io.LimitReader(from.Body, maxContainer))
	if err != nil {
		return nil, err
	}
	request, err := Unpack(body)
	if err != nil {
		return nil, err
	}
	return s.answer(request)
}

func (s *Server) serveHeader(to http.ResponseWriter, from *http.Request) {
	text, err := s.answerHeader(from.Header.Get(header))
	if err != nil {
		http.Error(to, fmt.Sprintf("handling request: %v", err), http.StatusInternalServerError)
		return
	}
	to.Header().Set(header, string(text))
	to.Header().Set("Vary", header)
	to.WriteHeader(http.StatusOK)
}

func (s *Server) answerHeader(value string) ([]byte, error) {
	data, err := Unwrap([]byte(value))
	if err != nil {
		return nil, err
	}
	request, err := Unpack(data)
	if err != nil {
		return nil, err
	}
	if data, err = s.answer(request); err != nil {
		return nil, err
	}
	return Wrap('E', data)
}

func (s *Server) answer(request Container) ([]byte, error) {
	var receipts []*Token
	for _, invocation := range request.Find(KindInvocation) {
		if invocation.Executor() != s.Signer.DID() {
			continue
		}
		receipt, err := s.execute(invocation, request)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, receipt)
	}
	return Pack(receipts...)
}

func (s *Server) execute(invocation *Token, request Container) (*Token, error) {
	now := s.now()
	done, err := s.run(invocation, request, now)
	if err == nil {
		return Conclude(s.Signer, invocation.Task(), Map{"ok": done}, now, nil, nil)
	}
	var failure Failure
	var until any
	if !errors.As(err, &failure) {
		failure = Failure{"HandlerExecutionError", fmt.Sprintf("%q handler execution error: %v", invocation.Text("cmd"), err)}
		until = now + failureLifetime
	}
	out := Map{"error": Map{"name": failure.Name, "message": failure.Message}}
	return Conclude(s.Signer, invocation.Task(), out, now, until, nil)
}

func (s *Server) run(invocation *Token, request Container, now int64) (any, error) {
	handle, has := s.Handlers[invocation.Text("cmd")]
	if !has {
		return nil, named("HandlerNotFound", "handler not found: %q", invocation.Text("cmd"))
	}
	if err := Validate(invocation, request, s.Resolver, now); err != nil {
		return nil, err
	}
	return handle(invocation, request)
}

func (s *Server) now() int64 {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now().Unix()
}
