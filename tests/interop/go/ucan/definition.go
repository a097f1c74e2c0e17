package ucan

import "fmt"

// Arguments gives the arguments of a command as a client's own definition of it writes them.
func Arguments(command string, given Map) Map {
	args := Map{}
	for key, value := range given {
		args[key] = value
	}
	if details, isMap := args["details"].(Map); isMap && command == "/customer/add" {
		args["details"] = Generated(details)
	}
	return args
}

// results are the fields that a client's own definition of a command has for what comes of it, and are all text but for lists.
var results = map[string]map[string]func(any) bool{
	"/customer/add":  {},
	"/debug/echo":    {"message": isText},
	"/provider/add":  {"id": isText},
	"/space/info":    {"providers": isTexts},
	"/ucan/conclude": {},
	"/ucan/revoke":   {},
}

// CheckResult says whether what came of a command is what a client's definition of it can hold: these fields and no others.
func CheckResult(command string, done any) error {
	fields, known := results[command]
	if !known {
		return nil
	}
	found, isMap := done.(Map)
	if !isMap || len(found) != len(fields) {
		return fmt.Errorf("the result of %s is %v", command, done)
	}
	for name, fits := range fields {
		if !fits(found[name]) {
			return fmt.Errorf("%q in the result of %s is %v", name, command, found[name])
		}
	}
	return nil
}

func isText(value any) bool {
	_, is := value.(string)
	return is
}

func isTexts(value any) bool {
	list, is := value.([]any)
	for _, item := range list {
		is = is && isText(item)
	}
	return is
}
