// Peer does what it is told on standard input, a JSON object a line, and answers with another on standard output.
//
// Whatever speaks these lines can stand in its place. Tokens and containers are hexadecimal, values are DAG-JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

const maxLine = 64 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		answer, err := do(lines.Bytes())
		if err != nil {
			answer = map[string]string{"failure": err.Error()}
		}
		if err := out.Encode(answer); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func do(line []byte) (any, error) {
	var order struct {
		Do string `json:"do"`
	}
	if err := json.Unmarshal(line, &order); err != nil {
		return nil, err
	}
	switch order.Do {
	case "who":
		return doing(line, who)
	case "delegate":
		return doing(line, delegate)
	case "invoke":
		return doing(line, invoke)
	case "conclude":
		return doing(line, conclude)
	case "send":
		return doing(line, send)
	case "poll":
		return doing(line, poll)
	case "read":
		return doing(line, read)
	case "pack":
		return doing(line, pack)
	case "verify":
		return doing(line, verify)
	case "describe":
		return doing(line, describe)
	case "methods":
		return doing(line, methods)
	case "publish":
		return doing(line, publish)
	case "host":
		return doing(line, host)
	case "serve":
		return doing(line, serve)
	}
	return nil, fmt.Errorf("%q is nothing to do", order.Do)
}

func doing[T any](line []byte, what func(T) (any, error)) (any, error) {
	var order T
	if err := json.Unmarshal(line, &order); err != nil {
		return nil, err
	}
	return what(order)
}
