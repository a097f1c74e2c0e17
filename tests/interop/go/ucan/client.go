package ucan

import (
	"fmt"
	"io"
	"net/http"

	"github.com/ipfs/go-cid"
)

const (
	contentType = "application/vnd.ipld.dag-cbor"
	header      = "X-UCAN-Container"
)

// Client sends invocations to a service.
type Client struct{ URL string }

// Execute sends a container of tokens and gives what came back. As Go's clients do, it writes the body as it goes: in chunks, of
// a length that is not told before.
func (c Client) Execute(tokens ...*Token) (Container, []byte, error) {
	data, err := Pack(tokens...)
	if err != nil {
		return nil, nil, err
	}
	body, writer := io.Pipe()
	go func() {
		for ; len(data) > 0; data = data[min(len(data), 100):] {
			if _, err := writer.Write(data[:min(len(data), 100)]); err != nil {
				return
			}
		}
		writer.Close()
	}()
	request, err := http.NewRequest(http.MethodPost, c.URL, body)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	return answer(response)
}

// Retrieve sends the container in a header, in an encoding, and gives what came back in one.
func (c Client) Retrieve(method string, letter byte, tokens ...*Token) (Container, error) {
	data, err := Pack(tokens...)
	if err != nil {
		return nil, err
	}
	text, err := Wrap(letter, data)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(method, c.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set(header, string(text))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	value := response.Header.Get(header)
	if value == "" {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return nil, fmt.Errorf("status %d without %s: %s", response.StatusCode, header, said)
	}
	if data, err = Unwrap([]byte(value)); err != nil {
		return nil, err
	}
	return Unpack(data)
}

// Receipt asks for the receipt of a task that ran.
func (c Client) Receipt(task cid.Cid) (*Token, error) {
	response, err := http.Get(c.URL + "/receipt/" + task.String())
	if err != nil {
		return nil, err
	}
	found, _, err := answer(response)
	if err != nil {
		return nil, err
	}
	return found.Receipt(task)
}

// Receipt gives the receipt of a task.
func (c Container) Receipt(task cid.Cid) (*Token, error) {
	for _, one := range c.Find(KindReceipt) {
		if one.Ran() == task {
			return one, nil
		}
	}
	return nil, fmt.Errorf("missing receipt for task: %s", task)
}

func answer(response *http.Response) (Container, []byte, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxContainer))
	if err != nil {
		return nil, nil, err
	}
	// Exactly this, without parameters: what others compare with.
	if kind := response.Header.Get("Content-Type"); kind != contentType {
		return nil, nil, fmt.Errorf("status %d, invalid content type %q: %s", response.StatusCode, kind, body)
	}
	found, err := Unpack(body)
	return found, body, err
}

func min(one, other int) int {
	if one < other {
		return one
	}
	return other
}
