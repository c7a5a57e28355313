package web

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/munnerz/goautoneg"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1beta1 "k8s.io/apimachinery/pkg/apis/meta/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"orrery/impl/api"
)

// Lists are encoded item by item, so that a large one is not in memory a second time.
var codecs = serializer.NewCodecFactory(api.Scheme,
	serializer.WithStreamingCollectionEncodingToJSON(), serializer.WithStreamingCollectionEncodingToProtobuf())

var (
	mediaTypes = codecs.SupportedMediaTypes()
	jsonInfo   = mediaTypes[0]
)

// accepted is the encoding of an answer.
type accepted struct {
	info runtime.SerializerInfo
	// as is the kind that the object is to be shown as, a Table or PartialObjectMetadata; empty: its own.
	as     schema.GroupVersionKind
	pretty bool
}

// encoder is the serializer of single answers.
func (a accepted) encoder() runtime.Serializer {
	if a.pretty && a.info.PrettySerializer != nil {
		return a.info.PrettySerializer
	}
	return a.info.Serializer
}

// negotiate picks the first encoding in the client's order of preference that can be served.
func negotiate(r *http.Request, stream bool) (accepted, error) {
	header := r.Header.Get("Accept")
	if header == "" {
		return accepted{info: jsonInfo, pretty: wantsPretty(r)}, nil
	}
	for _, clause := range goautoneg.ParseAccept(header) {
		for _, info := range mediaTypes {
			if clause.Type != "*" && clause.Type != info.MediaTypeType || clause.SubType != "*" && clause.SubType != info.MediaTypeSubType {
				continue
			}
			as := schema.GroupVersionKind{Group: clause.Params["g"], Version: clause.Params["v"], Kind: clause.Params["as"]}
			if s := clause.Params["stream"]; s != "" && (s != "watch" || info.StreamSerializer == nil) || !convertible(as, info) {
				continue
			}
			if stream && info.StreamSerializer == nil {
				continue
			}
			return accepted{info: info, as: as, pretty: clause.Params["pretty"] == "1" || wantsPretty(r)}, nil
		}
	}
	return accepted{}, notAcceptable(fmt.Sprintf("only the following media types are accepted: %s", strings.Join(offered(stream), ", ")))
}

// convertible reports whether objects can be shown as that kind in that encoding. Tables have no protobuf form.
func convertible(as schema.GroupVersionKind, info runtime.SerializerInfo) bool {
	if as.Empty() {
		return true
	}
	if gv := as.GroupVersion(); gv != metav1.SchemeGroupVersion && gv != metav1beta1.SchemeGroupVersion {
		return false
	}
	switch as.Kind {
	case "Table":
		return info.MediaTypeSubType == "json" || info.MediaTypeSubType == "yaml"
	case "PartialObjectMetadata", "PartialObjectMetadataList":
		return true
	}
	return false
}

func offered(stream bool) (names []string) {
	for _, info := range mediaTypes {
		if !stream {
			names = append(names, info.MediaType)
		} else if info.StreamSerializer != nil {
			names = append(names, info.MediaType+";stream=watch")
		}
	}
	return names
}

// wantsPretty: asked for, or from a program behind which upstream supposes a person.
func wantsPretty(r *http.Request) bool {
	if asked := r.URL.Query().Get("pretty"); asked != "" {
		pretty, _ := strconv.ParseBool(asked)
		return pretty
	}
	agent := r.UserAgent()
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

// bodyEncoding is how the request's body is written; JSON if it does not say.
func bodyEncoding(r *http.Request) (runtime.SerializerInfo, error) {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return jsonInfo, nil
	}
	if mediaType, _, err := mime.ParseMediaType(header); err == nil {
		if info, ok := runtime.SerializerInfoForMediaType(mediaTypes, mediaType); ok && info.MediaType == mediaType {
			return info, nil
		}
	}
	return runtime.SerializerInfo{}, unsupportedMediaType(offered(false))
}

func notAcceptable(message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotAcceptable, Reason: metav1.StatusReasonNotAcceptable, Message: message,
	}}
}

func unsupportedMediaType(known []string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: "the body of the request was in an unknown format - accepted media types include: " + strings.Join(known, ", "),
	}}
}
