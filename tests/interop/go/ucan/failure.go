package ucan

import "fmt"

// Failure is an error with a name that peers know.
type Failure struct{ Name, Message string }

func (f Failure) Error() string { return f.Name + ": " + f.Message }

func named(name, format string, values ...any) error {
	return Failure{name, fmt.Sprintf(format, values...)}
}
