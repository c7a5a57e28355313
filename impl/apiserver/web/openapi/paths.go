package openapi

import (
	"reflect"

	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"orrery/impl/api"
)

func info() *spec.Info {
	return &spec.Info{InfoProps: spec.InfoProps{Title: "Kubernetes", Version: "v1.37.2"}}
}

// newObject returns a zero t if that is an API type, otherwise something that no scheme knows.
func newObject(t reflect.Type) runtime.Object {
	if obj, ok := reflect.New(t).Interface().(runtime.Object); ok {
		return obj
	}
	return &runtime.Unknown{}
}

// paths are those of every resource of a version.
func (b *builder) paths(gv schema.GroupVersion) *spec3.Paths {
	paths := map[string]*spec3.Path{}
	for _, r := range api.Resources {
		if r.GVR().GroupVersion() == gv {
			b.addResource(paths, r)
		}
	}
	return &spec3.Paths{Paths: paths}
}

func (b *builder) addResource(paths map[string]*spec3.Path, r *api.Resource) {
	root := rootPath(r.GVR().GroupVersion()) + "/"
	var places []*spec3.Parameter
	if r.Namespaced {
		b.reference(&metav1.Status{})
		paths[root+r.Name] = &spec3.Path{PathProps: spec3.PathProps{Get: b.operation(r.GVK(), "list", nil, r.NewList(), listQuery)}}
		root += "namespaces/{namespace}/"
		places = append(places, parameter("path", "namespace", "string", "object name and auth scope, such as for teams and projects"))
	}
	obj, list := r.New(), r.NewList()
	collection := &spec3.Path{PathProps: spec3.PathProps{
		Parameters: places,
		Get:        b.operation(r.GVK(), "list", nil, list, listQuery),
		Post:       b.operation(r.GVK(), "post", obj, obj, writeQuery),
	}}
	if r.Name != "namespaces" {
		collection.Delete = b.operation(r.GVK(), "deletecollection", &metav1.DeleteOptions{}, &metav1.Status{}, listQuery)
	}
	paths[root+r.Name] = collection

	places = append(places[:len(places):len(places)], parameter("path", "name", "string", "name of the "+r.Kind))
	item := b.item(r.GVK(), obj, places)
	item.Delete = b.operation(r.GVK(), "delete", &metav1.DeleteOptions{}, &metav1.Status{}, nil)
	paths[root+r.Name+"/{name}"] = item
	for _, sub := range r.Subresources {
		switch sub {
		case "status":
			paths[root+r.Name+"/{name}/status"] = b.item(r.GVK(), obj, places)
		case "scale":
			paths[root+r.Name+"/{name}/scale"] = b.item(autoscalingv1.SchemeGroupVersion.WithKind("Scale"), &autoscalingv1.Scale{}, places)
		case "token":
			kind := authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")
			paths[root+r.Name+"/{name}/token"] = &spec3.Path{PathProps: spec3.PathProps{
				Parameters: places, Post: b.operation(kind, "post", &authenticationv1.TokenRequest{}, &authenticationv1.TokenRequest{}, writeQuery),
			}}
		case "eviction":
			kind := policyv1.SchemeGroupVersion.WithKind("Eviction")
			paths[root+r.Name+"/{name}/eviction"] = &spec3.Path{PathProps: spec3.PathProps{
				Parameters: places, Post: b.operation(kind, "post", &policyv1.Eviction{}, &policyv1.Eviction{}, writeQuery),
			}}
		case "binding":
			kind := corev1.SchemeGroupVersion.WithKind("Binding")
			paths[root+r.Name+"/{name}/binding"] = &spec3.Path{PathProps: spec3.PathProps{
				Parameters: places, Post: b.operation(kind, "post", &corev1.Binding{}, &metav1.Status{}, writeQuery),
			}}
		}
	}
}

// item is a path where one object is read and written.
func (b *builder) item(kind schema.GroupVersionKind, obj runtime.Object, places []*spec3.Parameter) *spec3.Path {
	patch := b.operation(kind, "patch", nil, obj, writeQuery)
	patch.RequestBody = b.patchBody()
	return &spec3.Path{PathProps: spec3.PathProps{
		Parameters: places,
		Get:        b.operation(kind, "get", nil, obj, nil),
		Put:        b.operation(kind, "put", obj, obj, writeQuery),
		Patch:      patch,
	}}
}

func (b *builder) operation(kind schema.GroupVersionKind, action string, body, answer runtime.Object, query []*spec3.Parameter) *spec3.Operation {
	op := &spec3.Operation{OperationProps: spec3.OperationProps{Parameters: query, Responses: &spec3.Responses{
		ResponsesProps: spec3.ResponsesProps{StatusCodeResponses: map[int]*spec3.Response{
			200: {ResponseProps: spec3.ResponseProps{Description: "OK", Content: b.content(answer, "application/json", "application/yaml", "application/vnd.kubernetes.protobuf")}},
			401: {ResponseProps: spec3.ResponseProps{Description: "Unauthorized"}},
		}},
	}}}
	if body != nil {
		op.RequestBody = &spec3.RequestBody{RequestBodyProps: spec3.RequestBodyProps{Content: b.content(body, "*/*"), Required: action != "delete" && action != "deletecollection"}}
	}
	op.AddExtension("x-kubernetes-action", action)
	op.AddExtension("x-kubernetes-group-version-kind", kindExtension(kind))
	return op
}

// patchBody names the patches understood: kubectl looks here before it sends a strategic merge patch.
func (b *builder) patchBody() *spec3.RequestBody {
	return &spec3.RequestBody{RequestBodyProps: spec3.RequestBodyProps{Required: true, Content: b.content(&metav1.Patch{},
		"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")}}
}

func (b *builder) content(v any, mediaTypes ...string) map[string]*spec3.MediaType {
	content := map[string]*spec3.MediaType{}
	for _, name := range mediaTypes {
		content[name] = &spec3.MediaType{MediaTypeProps: spec3.MediaTypeProps{Schema: b.reference(v)}}
	}
	return content
}

func (b *builder) reference(v any) *spec.Schema {
	s := b.ref(reflect.TypeOf(v).Elem())
	return &s
}

func parameter(in, name, kind, description string) *spec3.Parameter {
	s := primitive(kind, "")
	return &spec3.Parameter{ParameterProps: spec3.ParameterProps{
		In: in, Name: name, Description: description, Required: in == "path", Schema: &s,
	}}
}

// writeQuery and listQuery are the parameters of requests that write, and of those to collections. That fieldValidation is
// among them is how kubectl knows that it can leave validation to the server.
var (
	writeQuery = []*spec3.Parameter{
		parameter("query", "dryRun", "string", docOf[metav1.PatchOptions]("dryRun")),
		parameter("query", "fieldManager", "string", docOf[metav1.CreateOptions]("fieldManager")),
		parameter("query", "fieldValidation", "string", docOf[metav1.CreateOptions]("fieldValidation")),
	}
	listQuery = []*spec3.Parameter{
		parameter("query", "allowWatchBookmarks", "boolean", docOf[metav1.ListOptions]("allowWatchBookmarks")),
		parameter("query", "continue", "string", docOf[metav1.ListOptions]("continue")),
		parameter("query", "fieldSelector", "string", docOf[metav1.ListOptions]("fieldSelector")),
		parameter("query", "labelSelector", "string", docOf[metav1.ListOptions]("labelSelector")),
		parameter("query", "limit", "integer", docOf[metav1.ListOptions]("limit")),
		parameter("query", "resourceVersion", "string", docOf[metav1.ListOptions]("resourceVersion")),
		parameter("query", "resourceVersionMatch", "string", docOf[metav1.ListOptions]("resourceVersionMatch")),
		parameter("query", "sendInitialEvents", "boolean", docOf[metav1.ListOptions]("sendInitialEvents")),
		parameter("query", "timeoutSeconds", "integer", docOf[metav1.ListOptions]("timeoutSeconds")),
		parameter("query", "watch", "boolean", docOf[metav1.ListOptions]("watch")),
	}
)

func docOf[T documented](field string) string {
	var zero T
	return zero.SwaggerDoc()[field]
}
