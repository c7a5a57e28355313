package web

import (
	"bytes"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"orrery/impl/api"
)

// eventEncoder writes one event of a watch.
type eventEncoder func(w io.Writer, event api.WatchEvent) error

// eventEncoder returns the encoder of the call's watch. An event shown as its own kind is encoded once for all watches that
// send it; the other forms differ in their options, and a Table has its columns in its first event only.
func (c *call) eventEncoder(a accepted) (eventEncoder, error) {
	if a.as.Empty() {
		return sharedEncoder(a), nil
	}
	// A watch shows single objects, whatever the client wrote.
	if a.as.Kind == "PartialObjectMetadataList" {
		a.as.Kind = "PartialObjectMetadata"
	}
	var options metav1.TableOptions
	if a.as.Kind == "Table" {
		var err error
		if options, err = c.tableOptions(); err != nil {
			return nil, err
		}
	}
	return func(w io.Writer, event api.WatchEvent) error {
		_, isStatus := event.Object.(*metav1.Status)
		var err error
		switch {
		case isStatus:
		case a.as.Kind == "Table":
			event.Object, err = c.table(event.Object, options, a.as.GroupVersion())
			options.NoHeaders = true
		default:
			event.Object, err = partial(event.Object, a.as.GroupVersion())
		}
		if err != nil {
			return err
		}
		data, err := encodeEvent(a, event)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}, nil
}

func sharedEncoder(a accepted) eventEncoder {
	return func(w io.Writer, event api.WatchEvent) error {
		data, err := event.Encoded.Bytes(a.info.MediaType+";type="+string(event.Type), func() ([]byte, error) { return encodeEvent(a, event) })
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
}

// encodeEvent returns the bytes of an event, framed.
func encodeEvent(a accepted, event api.WatchEvent) ([]byte, error) {
	obj, err := withKind(event.Object)
	if err != nil {
		return nil, err
	}
	var object, framed bytes.Buffer
	if err := a.info.Serializer.Encode(obj, &object); err != nil {
		return nil, err
	}
	framed.Grow(object.Len() + 64)
	err = a.info.StreamSerializer.Serializer.Encode(
		&metav1.WatchEvent{Type: string(event.Type), Object: runtime.RawExtension{Raw: object.Bytes()}},
		a.info.StreamSerializer.Framer.NewFrameWriter(&framed))
	return framed.Bytes(), err
}
