package web

import (
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metascheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme"
	listvalidation "k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// readQuery decodes query parameters into options, which must be of meta/v1 or its internal version.
func readQuery(query url.Values, options runtime.Object) error {
	if err := metascheme.ParameterCodec.DecodeParameters(query, metav1.SchemeGroupVersion, options); err != nil {
		return badRequest(err)
	}
	return nil
}

// queryBool reads a boolean as upstream's parameter codec does: there and not "false" or "0" is true.
func queryBool(r *http.Request, name string) (value bool, err error) {
	values := r.URL.Query()[name]
	if err := runtime.Convert_Slice_string_To_bool(&values, &value, nil); err != nil {
		return false, badRequest(err)
	}
	return value, nil
}

func invalidOptions(kind string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
}

func (c *call) readGetOptions(req *api.Request) error {
	var options metav1.GetOptions
	err := readQuery(c.r.URL.Query(), &options)
	req.ResourceVersion = options.ResourceVersion
	return err
}

func (c *call) readListOptions(req *api.Request) error {
	query := c.r.URL.Query()
	var options internalversion.ListOptions
	if err := readQuery(query, &options); err != nil {
		return err
	}
	options.Watch = c.verb == api.Watch
	if err := invalidOptions("ListOptions", listvalidation.ValidateListOptions(&options, true)); err != nil {
		return err
	}
	if options.LabelSelector != nil {
		req.Labels = options.LabelSelector.String()
	}
	if options.FieldSelector != nil {
		req.Fields = options.FieldSelector.String()
	}
	req.ResourceVersion = options.ResourceVersion
	if options.SendInitialEvents == nil || *options.SendInitialEvents {
		// Beside "no initial events" a match says nothing more.
		req.Match = options.ResourceVersionMatch
	}
	req.Limit = options.Limit
	req.Continue = options.Continue
	req.Bookmarks = options.AllowWatchBookmarks
	req.InitialEvents = options.SendInitialEvents != nil && *options.SendInitialEvents
	return nil
}

func (c *call) readCreateOptions(req *api.Request) error {
	var options metav1.CreateOptions
	if err := readQuery(c.r.URL.Query(), &options); err != nil {
		return err
	}
	c.writeOptions(req, options.DryRun, options.FieldManager, options.FieldValidation)
	return invalidOptions("CreateOptions", validation.ValidateCreateOptions(&options))
}

func (c *call) readUpdateOptions(req *api.Request) error {
	var options metav1.UpdateOptions
	if err := readQuery(c.r.URL.Query(), &options); err != nil {
		return err
	}
	c.writeOptions(req, options.DryRun, options.FieldManager, options.FieldValidation)
	return invalidOptions("UpdateOptions", validation.ValidateUpdateOptions(&options))
}

func (c *call) readPatchOptions(req *api.Request) error {
	var options metav1.PatchOptions
	if err := readQuery(c.r.URL.Query(), &options); err != nil {
		return err
	}
	c.writeOptions(req, options.DryRun, options.FieldManager, options.FieldValidation)
	return invalidOptions("PatchOptions", validation.ValidatePatchOptions(&options, req.PatchType))
}

// writeOptions: unknown fields are warned of unless the client says otherwise, and a client that does not say its name as a
// field manager goes by the beginning of its user agent.
func (c *call) writeOptions(req *api.Request, dryRun []string, manager, fieldValidation string) {
	req.DryRun = len(dryRun) > 0
	req.FieldManager = manager
	if req.FieldManager == "" {
		agent, _, _ := strings.Cut(c.r.UserAgent(), "/")
		req.FieldManager = agent[:min(len(agent), validation.FieldManagerMaxLength)]
	}
	req.FieldValidation = fieldValidation
	if req.FieldValidation == "" {
		req.FieldValidation = metav1.FieldValidationWarn
	}
}

// readDeleteOptions takes them from the body, or, where there is none, from the query.
func (c *call) readDeleteOptions(req *api.Request) error {
	body, err := c.readBody()
	if err != nil {
		return err
	}
	options := &metav1.DeleteOptions{}
	if len(body) == 0 {
		err = readQuery(c.r.URL.Query(), options)
	} else {
		options, err = decodeDeleteOptions(c.r, body)
	}
	if err != nil {
		return err
	}
	// Upstream: deletion of objects that cannot be decoded (AllowUnsafeMalformedObjectDeletion) is off by default.
	options.IgnoreStoreReadErrorWithClusterBreakingPotential = nil
	req.Delete = options
	req.DryRun = len(options.DryRun) > 0
	return invalidOptions("DeleteOptions", validation.ValidateDeleteOptions(options))
}

func decodeDeleteOptions(r *http.Request, body []byte) (*metav1.DeleteOptions, error) {
	encoding, err := bodyEncoding(r)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionKind{Version: "v1", Kind: "DeleteOptions"}
	decoded, _, err := encoding.Serializer.Decode(body, &kind, &metav1.DeleteOptions{})
	if err != nil {
		return nil, badRequest(err)
	}
	options, ok := decoded.(*metav1.DeleteOptions)
	if !ok {
		return nil, apierrors.NewBadRequest("decoded object cannot be converted to DeleteOptions")
	}
	return options, nil
}
