package registry

import "orrery/impl/api"

// Matcher is the predicate that a list or watch selects by: the request's namespace, label selector and field selector.
func Matcher(req api.Request) (func(api.Object) bool, error) {
	return func(api.Object) bool { return true }, nil
}

// Fields are the values by which objects of that kind can be selected, by field label.
func Fields(obj api.Object) map[string]string { return nil }

// Get is the answer to a get of req's subresource ("", status or scale), made of the stored object, which is not modified.
