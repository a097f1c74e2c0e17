// Package ucan is UCAN 1.0 as a Go service would have it: tokens, containers, proof chains, a client and a server. It is written
// from the specification, on the IPLD modules that Go services use, and shares nothing with the Python beside it.
package ucan

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/ipfs/go-cid"
	"github.com/ipld/go-ipld-prime/codec"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/codec/dagjson"
	"github.com/ipld/go-ipld-prime/datamodel"
	cidlink "github.com/ipld/go-ipld-prime/linking/cid"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	"github.com/multiformats/go-multihash"
)

// Map is an IPLD map. Its values are nil, bool, int64, float64, string, []byte, cid.Cid, []any and Map.
type Map = map[string]any

// Generated is a map as generated encoders write a map[string]string: its keys in the order of their bytes, whatever their
// lengths, where DAG-CBOR has the shorter ones first.
type Generated map[string]any

// Encode writes a value as DAG-CBOR.
func Encode(value any) ([]byte, error) {
	// The order is that in which entries were assigned.
	options := dagcbor.EncodeOptions{AllowLinks: true, MapSortMode: codec.MapSortMode_None}
	return write(value, func(node datamodel.Node, to *bytes.Buffer) error { return options.Encode(node, to) })
}

// EncodeJSON writes a value as DAG-JSON.
func EncodeJSON(value any) ([]byte, error) {
	return write(value, func(node datamodel.Node, to *bytes.Buffer) error { return dagjson.Encode(node, to) })
}

func write(value any, encode func(datamodel.Node, *bytes.Buffer) error) ([]byte, error) {
	builder := basicnode.Prototype.Any.NewBuilder()
	if err := assign(builder, value); err != nil {
		return nil, err
	}
	var to bytes.Buffer
	if err := encode(builder.Build(), &to); err != nil {
		return nil, err
	}
	return to.Bytes(), nil
}

// Decode reads DAG-CBOR, and refuses what is not its only encoding.
func Decode(data []byte) (any, error) {
	builder := basicnode.Prototype.Any.NewBuilder()
	if err := dagcbor.Decode(builder, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	value, err := valueOf(builder.Build(), true)
	if err != nil {
		return nil, err
	}
	if again, err := Encode(value); err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("not canonical DAG-CBOR")
	}
	return value, nil
}

// DecodeJSON reads DAG-JSON.
func DecodeJSON(data []byte) (any, error) {
	builder := basicnode.Prototype.Any.NewBuilder()
	if err := dagjson.Decode(builder, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	return valueOf(builder.Build(), false)
}

// Link gives the CID that tokens and tasks have: version 1, dag-cbor, sha2-256.
func Link(data []byte) cid.Cid { return link(cid.DagCBOR, data) }

func link(codec uint64, data []byte) cid.Cid {
	hash, err := multihash.Sum(data, multihash.SHA2_256, -1)
	if err != nil {
		panic(err) // sha2-256 is always there
	}
	return cid.NewCidV1(codec, hash)
}

func assign(to datamodel.NodeAssembler, value any) error {
	switch value := value.(type) {
	case nil:
		return to.AssignNull()
	case bool:
		return to.AssignBool(value)
	case int:
		return to.AssignInt(int64(value))
	case int64:
		return to.AssignInt(value)
	case float64:
		return to.AssignFloat(value)
	case string:
		return to.AssignString(value)
	case []byte:
		return to.AssignBytes(value)
	case cid.Cid:
		return to.AssignLink(cidlink.Link{Cid: value})
	case []any:
		list, err := to.BeginList(int64(len(value)))
		if err != nil {
			return err
		}
		for _, item := range value {
			if err := assign(list.AssembleValue(), item); err != nil {
				return err
			}
		}
		return list.Finish()
	case Map:
		return assignMap(to, value, canonical)
	case Generated:
		return assignMap(to, value, alphabetical)
	}
	return fmt.Errorf("IPLD has no %T", value)
}

func canonical(one, other string) bool {
	return len(one) < len(other) || len(one) == len(other) && one < other
}

func alphabetical(one, other string) bool { return one < other }

func assignMap(to datamodel.NodeAssembler, value Map, before func(one, other string) bool) error {
	keys := make([]string, 0, len(value))
	for key := range value {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool { return before(keys[i], keys[j]) })
	entries, err := to.BeginMap(int64(len(value)))
	if err != nil {
		return err
	}
	for _, key := range keys {
		entry, err := entries.AssembleEntry(key)
		if err != nil {
			return err
		}
		if err := assign(entry, value[key]); err != nil {
			return err
		}
	}
	return entries.Finish()
}

// valueOf gives a node's value. A map that is in the order of the alphabet alone is Generated, where the order matters.
func valueOf(node datamodel.Node, ordered bool) (any, error) {
	switch node.Kind() {
	case datamodel.Kind_Null:
		return nil, nil
	case datamodel.Kind_Bool:
		return node.AsBool()
	case datamodel.Kind_Int:
		return node.AsInt()
	case datamodel.Kind_Float:
		return node.AsFloat()
	case datamodel.Kind_String:
		return node.AsString()
	case datamodel.Kind_Bytes:
		return node.AsBytes()
	case datamodel.Kind_Link:
		found, err := node.AsLink()
		if err != nil {
			return nil, err
		}
		return found.(cidlink.Link).Cid, nil
	case datamodel.Kind_List:
		list := []any{}
		for items := node.ListIterator(); !items.Done(); {
			_, item, err := items.Next()
			if err != nil {
				return nil, err
			}
			value, err := valueOf(item, ordered)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case datamodel.Kind_Map:
		found, strict, previous := Map{}, true, ""
		for entries := node.MapIterator(); !entries.Done(); {
			key, item, err := entries.Next()
			if err != nil {
				return nil, err
			}
			name, err := key.AsString()
			if err != nil {
				return nil, err
			}
			strict = strict && (len(found) == 0 || canonical(previous, name))
			previous = name
			if found[name], err = valueOf(item, ordered); err != nil {
				return nil, err
			}
		}
		if ordered && !strict {
			return Generated(found), nil
		}
		return found, nil
	}
	return nil, fmt.Errorf("IPLD has no %s", node.Kind())
}
