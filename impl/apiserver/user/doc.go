// Package user is who asks: what authentication finds out, and what authorization, admission and traces go by.
//
//  1. An [Info] is a value that nobody modifies. It travels in the context of a request: [With] puts it there, [From] takes it out.
//  2. A context without one is that of a request which no client sent: of the server itself, or of a program in the same process.
//  3. Names and groups that begin with "system:" are upstream's and mean what they mean there.
//
// Source: staging/src/k8s.io/apiserver/pkg/authentication/user and pkg/endpoints/request/context.go of Kubernetes v1.37.
package user
