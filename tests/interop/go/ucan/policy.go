package ucan

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

var (
	errAbsent = errors.New("nothing is there")
	segments  = regexp.MustCompile(`^(?:\.([\p{L}_][\p{L}0-9_$-]*)|\.?\[("(?:[^"\\]|\\.)*"|-?\d+|)\])(\?*)`)
)

// satisfied says whether a value meets every statement of a policy.
func satisfied(policy []any, value any) error {
	for _, statement := range policy {
		holds, err := meets(statement, value)
		if err != nil {
			return err
		}
		if !holds {
			return named("MatchError", "%v is not satisfied", statement)
		}
	}
	return nil
}

func meets(statement, value any) (bool, error) {
	parts, _ := statement.([]any)
	if len(parts) < 2 {
		return false, fmt.Errorf("%v is no statement", statement)
	}
	switch parts[0] {
	case "not":
		holds, err := meets(parts[1], value)
		return !holds, err
	case "and", "or":
		list, _ := parts[1].([]any)
		for _, part := range list {
			holds, err := meets(part, value)
			if err != nil || holds == (parts[0] == "or") {
				return holds, err
			}
		}
		return parts[0] == "and" || len(list) == 0, nil
	}
	selector, isText := parts[1].(string)
	if len(parts) != 3 || !isText {
		return false, fmt.Errorf("%v is no statement", statement)
	}
	found, err := choose(selector, value)
	if err != nil {
		if errors.Is(err, errAbsent) {
			return false, nil
		}
		return false, err
	}
	return compare(parts[0], found, parts[2])
}

func compare(operator, found, given any) (bool, error) {
	left, leftNumber := found.(int64)
	right, rightNumber := given.(int64)
	numbers := leftNumber && rightNumber
	switch operator {
	case "==":
		return reflect.DeepEqual(found, given), nil
	case "!=":
		return !reflect.DeepEqual(found, given), nil
	case "<":
		return numbers && left < right, nil
	case "<=":
		return numbers && left <= right, nil
	case ">":
		return numbers && left > right, nil
	case ">=":
		return numbers && left >= right, nil
	case "like":
		text, isText := found.(string)
		pattern, isPattern := given.(string)
		return isText && isPattern && like(pattern).MatchString(text), nil
	case "all", "any":
		items, isCollection := children(found)
		if !isCollection {
			return false, nil
		}
		for _, item := range items {
			holds, err := meets(given, item)
			if err != nil || holds == (operator == "any") {
				return holds, err
			}
		}
		return operator == "all", nil
	}
	return false, fmt.Errorf("unknown operator %v", operator)
}

func like(pattern string) *regexp.Regexp {
	var text strings.Builder
	escaped := false
	for _, one := range pattern {
		switch {
		case escaped:
			text.WriteString(regexp.QuoteMeta(string(one)))
			escaped = false
		case one == '\\':
			escaped = true
		case one == '*':
			text.WriteString(".*")
		default:
			text.WriteString(regexp.QuoteMeta(string(one)))
		}
	}
	return regexp.MustCompile(`(?s)\A` + text.String() + `\z`)
}

func children(value any) ([]any, bool) {
	switch value := value.(type) {
	case []any:
		return value, true
	case Map:
		items := []any{}
		for _, item := range value {
			items = append(items, item)
		}
		return items, true
	case Generated:
		return children(Map(value))
	}
	return nil, false
}

func choose(selector string, value any) (any, error) {
	if selector == "." {
		return value, nil
	}
	for rest := selector; rest != ""; {
		match := segments.FindStringSubmatch(rest)
		if match == nil {
			return nil, fmt.Errorf("%q is no selector", selector)
		}
		rest = rest[len(match[0]):]
		found, err := step(match[1], match[2], value)
		if err != nil && match[3] == "" {
			return nil, err
		}
		value = found
	}
	return value, nil
}

func step(field, index string, value any) (any, error) {
	if field == "" && strings.HasPrefix(index, `"`) {
		unquoted, err := strconv.Unquote(index)
		if err != nil {
			return nil, err
		}
		field = unquoted
	} else if field == "" {
		list, isList := value.([]any)
		if index == "" {
			items, isCollection := children(value)
			if !isCollection {
				return nil, errAbsent
			}
			return items, nil
		}
		at, err := strconv.Atoi(index)
		if err != nil {
			return nil, err
		}
		if at < 0 {
			at += len(list)
		}
		if !isList || at < 0 || at >= len(list) {
			return nil, errAbsent
		}
		return list[at], nil
	}
	if generated, is := value.(Generated); is {
		value = Map(generated)
	}
	entries, isMap := value.(Map)
	found, has := entries[field]
	if !isMap || !has {
		return nil, errAbsent
	}
	return found, nil
}
