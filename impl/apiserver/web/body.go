package web

import (
	"encoding/hex"
	"fmt"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"orrery/impl/api"
)

// newObject is the kind that is written at the route.
func (rt route) newObject() (runtime.Object, schema.GroupVersionKind) {
	switch rt.subresource {
	case "binding":
		return &corev1.Binding{}, corev1.SchemeGroupVersion.WithKind("Binding")
	case "eviction":
		return &policyv1.Eviction{}, policyv1.SchemeGroupVersion.WithKind("Eviction")
	case "token":
		return &authenticationv1.TokenRequest{}, authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")
	case "scale":
		return &autoscalingv1.Scale{}, autoscalingv1.SchemeGroupVersion.WithKind("Scale")
	}
	return rt.resource.New(), rt.resource.GVK()
}

// readObject reads the body of a create or update into req.Object.
func (c *call) readObject(req *api.Request) (warnings []string, err error) {
	encoding, err := bodyEncoding(c.r)
	if err != nil {
		return nil, err
	}
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	into, want := c.route.newObject()
	obj, warnings, err := decode(encoding, body, into, want, req.FieldValidation)
	if err != nil {
		return nil, err
	}
	req.Object = obj
	return warnings, c.checkPlace(obj)
}

// decode reads body as a want. Fields that are unknown or given twice are an error, a warning or nothing, as validation has it.
func decode(encoding runtime.SerializerInfo, body []byte, into runtime.Object, want schema.GroupVersionKind, validation string) (runtime.Object, []string, error) {
	decoder := encoding.Serializer
	if validation != metav1.FieldValidationIgnore {
		decoder = encoding.StrictSerializer
	}
	obj, got, err := decoder.Decode(body, &want, into)
	var warnings []string
	if strict, ok := runtime.AsStrictDecodingError(err); ok && obj != nil && validation == metav1.FieldValidationWarn {
		for _, e := range strict.Errors() {
			warnings = append(warnings, splitYAMLErrors(e.Error())...)
		}
		err = nil
	}
	if err != nil {
		return nil, nil, decodeError(err, want, got, body)
	}
	if got.GroupVersion() != want.GroupVersion() {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf(
			"the API version in the data (%s) does not match the expected API version (%s)", got.GroupVersion(), want.GroupVersion()))
	}
	if got.Kind != want.Kind {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf(
			"%s in version %q cannot be handled as a %s: they are different kinds", got.Kind, got.Version, want.Kind))
	}
	obj.GetObjectKind().SetGroupVersionKind(want)
	return obj, warnings, nil
}

func decodeError(err error, want schema.GroupVersionKind, got *schema.GroupVersionKind, body []byte) error {
	if got != nil && got.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", got.Kind, got.Version, want.Kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", want.Kind, err, summary(body)))
}

// summary shows the beginning of a body that could not be read, as upstream's message does.
func summary(body []byte) string {
	const length = 30
	head, more := body, ""
	if len(body) > length {
		head, more = body[:length], " ..."
	}
	switch {
	case len(body) == 0:
		return "<empty>"
	case body[0] == '{':
		return string(head) + more
	}
	return hex.EncodeToString(head) + more
}

// splitYAMLErrors makes one warning of each of the errors that the YAML decoder reports as one.
func splitYAMLErrors(text string) []string {
	const mark = "yaml: unmarshal errors:\n"
	_, list, ok := strings.Cut(text, mark)
	if !ok {
		return []string{text}
	}
	var lines []string
	for line := range strings.SplitSeq(list, "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// checkPlace puts the path's namespace into an object that has none, and refuses one that is for another place. The name of a
// binding or an eviction is looked at by who carries it out, in words of its own.
func (c *call) checkPlace(obj runtime.Object) error {
	m, err := meta.Accessor(obj)
	if err != nil {
		return badRequest(err)
	}
	switch {
	case !c.route.resource.Namespaced:
		m.SetNamespace("")
	case m.GetNamespace() == "":
		m.SetNamespace(c.route.namespace)
	case m.GetNamespace() != c.route.namespace:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	switch name := c.route.name; {
	case c.verb != api.Update || m.GetName() == name:
		return nil
	case m.GetName() == "":
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", name))
	default:
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", m.GetName(), name))
	}
}
