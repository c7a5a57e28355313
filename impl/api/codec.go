package api

import (
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// Scheme and Codecs know all of upstream's types.
var (
	Scheme = scheme.Scheme
	Codecs = serializer.NewCodecFactory(Scheme)

	storage = protobuf.NewSerializer(Scheme, Scheme)
)

// Encode returns obj as upstream stores it: protobuf behind the prefix "k8s\x00", without a resourceVersion, which is
// the store's to give.
func Encode(obj Object) ([]byte, error) {
	r, ok := ByObject(obj)
	if !ok {
		return nil, fmt.Errorf("api: %T is not served", obj)
	}
	stored := obj
	if obj.GetResourceVersion() != "" || obj.GetObjectKind().GroupVersionKind() != r.GVK() {
		stored = obj.DeepCopyObject().(Object)
		stored.SetResourceVersion("")
		stored.GetObjectKind().SetGroupVersionKind(r.GVK())
	}
	return runtime.Encode(storage, stored)
}

// Decode returns the object in value, with the revision that wrote it as its resourceVersion.
func Decode(value []byte, revision int64) (Object, error) {
	decoded, gvk, err := storage.Decode(value, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("api: a stored value cannot be decoded: %w", err)
	}
	obj, ok := decoded.(Object)
	if !ok {
		return nil, fmt.Errorf("api: a stored value is a %v, which is no object", gvk)
	}
	obj.SetResourceVersion(FormatResourceVersion(revision))
	obj.GetObjectKind().SetGroupVersionKind(*gvk)
	return obj, nil
}

// FormatResourceVersion writes a store revision as a resourceVersion.
func FormatResourceVersion(revision int64) string { return strconv.FormatInt(revision, 10) }

// ParseResourceVersion reads a resourceVersion; "" and "0" are 0.
func ParseResourceVersion(rv string) (int64, error) {
	if rv == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(rv, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("invalid resource version %q: must be a number that a server gave", rv)
	}
	return n, nil
}

// MustResourceVersion is the revision of an object that a server sent.
func MustResourceVersion(obj metav1.Object) int64 {
	n, err := ParseResourceVersion(obj.GetResourceVersion())
	if err != nil {
		panic(fmt.Sprintf("api: %s/%s has resourceVersion %q", obj.GetNamespace(), obj.GetName(), obj.GetResourceVersion()))
	}
	return n
}
