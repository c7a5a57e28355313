package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	restwatch "k8s.io/client-go/rest/watch"

	"orrery/impl/api"
)

const (
	typeProtobuf = runtime.ContentTypeProtobuf
	typeJSON     = runtime.ContentTypeJSON

	// maxAnswer bounds the body of an answer that is not a stream.
	maxAnswer = 256 << 20
)

var (
	encoder = protobuf.NewSerializer(api.Scheme, api.Scheme)
	decoder = api.Codecs.UniversalDeserializer()
)

// encodeBody writes the body of a request, and names its content type; no body is "".
func encodeBody(req api.Request) ([]byte, string, error) {
	switch {
	case req.Verb == api.Patch:
		return req.Patch, string(req.PatchType), nil
	case req.Delete != nil:
		options := *req.Delete
		options.Kind, options.APIVersion = "DeleteOptions", "v1"
		if req.DryRun { // where there is a body, the server does not look at the query
			options.DryRun = []string{metav1.DryRunAll}
		}
		body, err := json.Marshal(options)
		return body, typeJSON, err
	case req.Object == nil:
		return nil, "", nil
	}
	obj := req.Object
	if obj.GetObjectKind().GroupVersionKind().Empty() {
		gvks, _, err := api.Scheme.ObjectKinds(obj)
		if err != nil {
			return nil, "", err
		}
		obj = obj.DeepCopyObject() // shared: its kind may not be filled in where it lies
		obj.GetObjectKind().SetGroupVersionKind(gvks[0])
	}
	var body bytes.Buffer
	if err := encoder.Encode(obj, &body); err != nil {
		return nil, "", err
	}
	return body.Bytes(), typeProtobuf, nil
}

// decodeAnswer reads the body of an answer; one with an error code becomes a StatusError.
func decodeAnswer(req api.Request, answer *http.Response) (api.Response, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return api.Response{}, fmt.Errorf("the answer broke off: %w", err)
	}
	if len(body) > maxAnswer {
		return api.Response{}, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	obj, _, err := decoder.Decode(body, nil, nil)
	status, isStatus := obj.(*metav1.Status)
	switch {
	case isStatus && status.Status != metav1.StatusSuccess:
		return api.Response{}, &apierrors.StatusError{ErrStatus: *status}
	case answer.StatusCode >= 400:
		return api.Response{}, apierrors.NewGenericServerResponse(answer.StatusCode, string(req.Verb), req.Resource.GR(), req.Name, string(body), 0, true)
	case err != nil:
		return api.Response{}, fmt.Errorf("the answer cannot be decoded: %w", err)
	}
	return api.Response{Object: obj, Created: answer.StatusCode == http.StatusCreated, Warnings: warningsOf(answer)}, nil
}

// warningsOf are the texts of the Warning headers; what is no warning is not shown to anybody.
func warningsOf(answer *http.Response) (texts []string) {
	warnings, _ := utilnet.ParseWarningHeaders(answer.Header.Values("Warning"))
	for _, w := range warnings {
		texts = append(texts, w.Text)
	}
	return texts
}

// stream decodes the frames of a watch.
type stream struct {
	events *restwatch.Decoder
	cancel func()
}

func newStream(answer *http.Response, objects runtime.Decoder, cancel func()) (*stream, error) {
	mediaType, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("the watch has the content type %q: %w", answer.Header.Get("Content-Type"), err)
	}
	info, ok := runtime.SerializerInfoForMediaType(api.Codecs.SupportedMediaTypes(), mediaType)
	if !ok || info.StreamSerializer == nil {
		return nil, fmt.Errorf("the watch has the content type %q, which cannot be streamed", mediaType)
	}
	frames := info.StreamSerializer.Framer.NewFrameReader(answer.Body)
	return &stream{restwatch.NewDecoder(streaming.NewDecoder(frames, info.StreamSerializer.Serializer), objects), cancel}, nil
}

// Recv blocks for the next WatchEvent.
func (s *stream) Recv() (api.WatchEvent, error) {
	kind, obj, err := s.events.Decode()
	if err != nil {
		return api.WatchEvent{}, err
	}
	return api.WatchEvent{Type: kind, Object: obj}, nil
}

// Close ends the watch; a Recv that blocks returns.
func (s *stream) Close() {
	s.cancel()
	s.events.Close()
}
