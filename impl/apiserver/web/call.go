package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"orrery/impl/api"
	"orrery/impl/apiserver/user"
)

// call is one request to an object or a collection.
type call struct {
	*Handler
	w    *recorder
	r    *http.Request
	user user.Info
	// route is where it goes, unless it is a review: then that is its kind, and of the route there is the namespace.
	route  route
	review schema.GroupVersionKind
	verb   api.Verb
	// bodyRead: the body was read to its end.
	bodyRead bool
}

// serve answers the call. An error means that nothing was written.
func (c *call) serve(ctx context.Context) error {
	if !c.review.Empty() {
		return c.serveReview(ctx)
	}
	if c.verb == connect {
		return c.connect(ctx)
	}
	a, err := negotiate(c.r, c.verb == api.Watch)
	if err != nil {
		return err
	}
	req, warnings, err := c.request()
	if err != nil {
		return err
	}
	if c.verb == api.Watch {
		return c.watch(ctx, a, req)
	}
	response, err := c.Transport.Do(ctx, req)
	if err != nil {
		return err
	}
	c.warn(append(warnings, response.Warnings...))
	shown, err := c.show(a, response.Object)
	if err != nil {
		return err
	}
	code := http.StatusOK
	if response.Created || c.verb == api.Create {
		code = http.StatusCreated
	}
	write(c.w, a, code, shown)
	return nil
}

// request reads the call's path, query and body as a Request.
func (c *call) request() (req api.Request, warnings []string, err error) {
	req = api.Request{
		Verb: c.verb, Resource: c.route.resource, Namespace: c.route.namespace, Name: c.route.name,
		Subresource: c.route.subresource, User: c.user.Name,
	}
	switch c.verb {
	case api.Get:
		return req, nil, c.readGetOptions(&req)
	case api.List, api.Watch:
		return req, nil, c.readListOptions(&req)
	case api.Create:
		if err := c.readCreateOptions(&req); err != nil {
			return req, nil, err
		}
		warnings, err = c.readObject(&req)
	case api.Update:
		if err := c.readUpdateOptions(&req); err != nil {
			return req, nil, err
		}
		warnings, err = c.readObject(&req)
	case api.Patch:
		err = c.readPatch(&req)
	case api.Delete:
		err = c.readDeleteOptions(&req)
	case api.DeleteCollection:
		if err = c.readListOptions(&req); err == nil {
			err = c.readDeleteOptions(&req)
		}
	default:
		panic(fmt.Sprintf("web: no request for the verb %q", c.verb))
	}
	return req, warnings, err
}

// patchTypes are the patches understood, as upstream lists them for its built-in kinds.
// Upstream: also server-side apply, application/apply-patch+yaml.
var patchTypes = []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType)}

func (c *call) readPatch(req *api.Request) error {
	contentType, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	contentType = strings.TrimSpace(contentType)
	for _, known := range patchTypes {
		if contentType != known {
			continue
		}
		req.PatchType = types.PatchType(contentType)
		if err := c.readPatchOptions(req); err != nil {
			return err
		}
		var err error
		req.Patch, err = c.readBody()
		return err
	}
	return unsupportedMediaType(patchTypes)
}

// warn adds a Warning header for each, once, in upstream's form: code 299, no agent.
func (c *call) warn(warnings []string) {
	seen := map[string]bool{}
	for _, text := range warnings {
		text = strings.Map(printable, text)
		if text == "" || seen[text] {
			continue
		}
		seen[text] = true
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
		c.w.Header().Add("Warning", `299 - "`+quoted+`"`)
	}
}

// printable drops what would end a header's line.
func printable(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return ' '
	case r < ' ', r == 0x7f:
		return -1
	}
	return r
}

// badRequest wraps an error of reading the request.
func badRequest(err error) error { return apierrors.NewBadRequest(err.Error()) }
