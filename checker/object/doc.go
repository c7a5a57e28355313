// Package object reads the JSON of stored objects as far as checkers need it, without upstream's types: a judge does not
// share code with what it judges.
//
// The contract: unknown fields are passed over; a field of the wrong type is an error, which a checker turns into an
// Unknown; quantities are exact.
//
// **Not done**: fields that no checker asks for.
//
// Sources: k8s.io/api core/v1 and apps/v1, types.go; k8s.io/apimachinery/pkg/api/resource.
package object
