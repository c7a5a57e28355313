// Package api is the contract between all who speak to an API server: the kinds that are served, requests and answers as
// values, and how objects lie in the store.
//
//  1. [Resources] is the one list of the kinds served. Discovery, routing, the store's keys and every client follow it.
//  2. A [Request] says all that an HTTP request of the API says, so that clients, server and trace mean the same; what is
//     in it is shared, and nobody modifies it.
//  3. Objects are stored as upstream stores them, under upstream's keys ([Resource.Key]) and in upstream's encoding
//     ([Encode]): upstream's own API server could read them. [ByKey] and [Decode] are the inverses.
//  4. A resourceVersion is the store's revision in decimal digits: [FormatResourceVersion], [ParseResourceVersion].
//  5. [OutcomeOf] is the one place that decides whether an error tells that a request was not carried out. Where it does
//     not, the outcome is Unknown.
//
// **Not done**: kinds that are added while the server runs; versions that are converted: each kind is served in the one
// version in which it is stored.
//
// Sources: Kubernetes v1.37 staging/src/k8s.io/api for the types, pkg/registry/core/rest/storage_core.go and
// pkg/controlplane/storageversionhashdata for names and prefixes, staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf
// for the envelope of what is stored, apimachinery pkg/api/errors for reasons.
package api
