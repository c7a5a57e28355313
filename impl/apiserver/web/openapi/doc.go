// Package openapi describes the API as upstream's /openapi/v3 does, from the Go types themselves.
//
// The contract:
//
//  1. One document for each group's version, with the paths of all its resources and the schemas of all types in them,
//     under upstream's names (io.k8s.api.core.v1.Pod).
//  2. Descriptions, required fields, formats, patch strategies, and kinds (x-kubernetes-…) are there, so that stock kubectl
//     explains, applies and validates by them.
//  3. Documents are immutable and addressed by the hash of their content, so that clients may keep them.
//
// **Not done**: the content of /openapi/v2, which kubectl asks only where version 3 is missing; defaults and enumerations, which are in
// comments that reflection does not see; list types other than those that patch tags tell.
//
// Sources: kubernetes/kube-openapi pkg/spec3, pkg/handler3; kubectl pkg/explain/v2 and cli-runtime pkg/resource (v0.37) for
// what clients look at.
package openapi
