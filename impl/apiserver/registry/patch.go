package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"orrery/impl/api"
)

// HTTP's codes for what is wrong with a patch.
const (
	statusUnsupportedMediaType = 415
	statusUnprocessableEntity  = 422
)

// maxJSONPatchOperations bounds a JSON patch, as upstream.
const maxJSONPatchOperations = 10000

// maxCopiedBytes bounds what the copy operations of one JSON patch may add up to, as upstream.
const maxCopiedBytes = 3 << 20

func init() { jsonpatch.AccumulatedCopySizeLimit = maxCopiedBytes }

// patch decides on a PATCH: the patch is applied to the stored object, and then it is an update. The stored object's
// resourceVersion is in what the patch is applied to, so a patch that has one is conditional and one that has none is not.
func patch(k *kind, old api.Object, req api.Request, env Env) (Change, error) {
	patched, warnings, err := patched(old, req, req.Resource.New())
	if err != nil {
		return Change{}, err
	}
	obj := patched.(api.Object)
	if err := place(obj, req); err != nil {
		return Change{}, err
	}
	if err := named(obj, req); err != nil {
		return Change{}, err
	}
	warnings = append(warnings, dedupOwners(obj)...)
	Default(obj)
	return replace(k, obj, old, req, warnings)
}

// patched is old with the request's patch, decoded into into.
func patched(old runtime.Object, req api.Request, into runtime.Object) (runtime.Object, []string, error) {
	current, err := runtime.DefaultUnstructuredConverter.ToUnstructured(old)
	if err != nil {
		return nil, nil, apierrors.NewInternalError(err)
	}
	document, err := apply(current, req, into)
	if err != nil {
		return nil, nil, err
	}
	unknown, err := kjson.UnmarshalStrict(document, into)
	if err != nil {
		return nil, nil, invalidPatch(document, err.Error())
	}
	duplicates, _ := kjson.UnmarshalStrict(req.Patch, new(any)) // that it is JSON, apply has seen
	unknown = append(duplicates, unknown...)
	switch {
	case len(unknown) == 0 || req.FieldValidation == metav1.FieldValidationIgnore:
		return into, nil, nil
	case req.FieldValidation == metav1.FieldValidationStrict:
		return nil, nil, invalidPatch(document, runtime.NewStrictDecodingError(unknown).Error())
	}
	warnings := make([]string, len(unknown))
	for i, err := range unknown {
		warnings[i] = err.Error()
	}
	return into, warnings, nil
}

func invalidPatch(document []byte, detail string) error {
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{
		field.Invalid(field.NewPath("patch"), string(document), detail)})
}

// apply returns the document that the patch makes of current, which has the type of example.
func apply(current map[string]any, req api.Request, example runtime.Object) ([]byte, error) {
	document, err := encodeJSON(current)
	if err != nil {
		return nil, err
	}
	switch req.PatchType {
	case types.JSONPatchType:
		return applyJSON(document, req.Patch)
	case types.MergePatchType:
		return applyMerge(document, req.Patch)
	case types.StrategicMergePatchType:
		return applyStrategic(current, req.Patch, example)
	}
	// Upstream: server-side apply is served there; what it says here is said of types that it does not know.
	accepted := []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType)}
	return nil, unsupportedMediaType(string(req.PatchType), accepted)
}

func applyJSON(document, patch []byte) ([]byte, error) {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	}
	if len(operations) > maxJSONPatchOperations {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf(
			"The allowed maximum operations in a JSON patch is %d, got %d", maxJSONPatchOperations, len(operations)))
	}
	document, err = operations.Apply(document)
	if err != nil {
		return nil, unprocessable(err)
	}
	return document, nil
}

func applyMerge(document, patch []byte) ([]byte, error) {
	if err := kjson.UnmarshalCaseSensitivePreserveInts(patch, &map[string]any{}); err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	}
	document, err := jsonpatch.MergePatch(document, patch)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return document, nil
}

func applyStrategic(current map[string]any, patch []byte, example runtime.Object) ([]byte, error) {
	operations := map[string]any{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(patch, &operations); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	merged, err := strategicpatch.StrategicMergeMapPatch(current, operations, example)
	switch {
	case err == nil:
		return encodeJSON(merged)
	case isMalformed(err):
		return nil, apierrors.NewBadRequest(err.Error())
	default:
		return nil, unprocessable(err)
	}
}

// unprocessable is for a patch that cannot be applied to what is stored.
//
// Upstream: does not say why, and calls some of it its own fault, with 500.
func unprocessable(err error) error {
	status := apierrors.NewGenericServerResponse(statusUnprocessableEntity, "", schema.GroupResource{}, "", "", 0, false)
	status.ErrStatus.Message += ": " + err.Error()
	return status
}

// isMalformed reports that a strategic patch is itself at fault, and not what it was applied to.
func isMalformed(err error) bool {
	for _, target := range []error{mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func encodeJSON(document map[string]any) ([]byte, error) {
	encoded, err := json.Marshal(document)
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	return encoded, nil
}

func unsupportedMediaType(got string, accepted []string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    statusUnsupportedMediaType,
		Reason:  metav1.StatusReasonUnsupportedMediaType,
		Message: fmt.Sprintf("the body of the request was in an unknown format (%s) - accepted media types include: %s", got, strings.Join(accepted, ", ")),
	}}
}
