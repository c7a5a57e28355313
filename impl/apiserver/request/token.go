package request

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// token is what a continue token says: upstream's format, byte for byte, so that a list begun at one server may be
// continued at another.
type token struct {
	Version  string `json:"v"`
	Revision int64  `json:"rv"`
	Start    string `json:"start"`
}

const (
	tokenVersion = "meta.k8s.io/v1"
	// inconsistent is the revision of a token that goes on at whatever the revision is then.
	inconsistent = -1
)

// encodeToken makes the token of a list under prefix that goes on from the key start at revision.
func encodeToken(start, prefix string, revision int64) string {
	// Marshalling two strings and a number cannot fail.
	data, _ := json.Marshal(token{Version: tokenVersion, Revision: revision, Start: strings.TrimPrefix(start, prefix)})
	return base64.RawURLEncoding.EncodeToString(data)
}

// decodeToken returns from where and at which revision a list under prefix goes on.
func decodeToken(continued, prefix string) (start string, revision int64, err error) {
	data, err := base64.RawURLEncoding.DecodeString(continued)
	if err != nil {
		return "", 0, fmt.Errorf("continue key is not valid: %v", err)
	}
	var t token
	if err := json.Unmarshal(data, &t); err != nil {
		return "", 0, fmt.Errorf("continue key is not valid: %v", err)
	}
	switch {
	case t.Version != tokenVersion:
		return "", 0, fmt.Errorf("continue key is not valid: server does not recognize this encoded version %v", t.Version)
	case t.Revision == 0:
		return "", 0, fmt.Errorf("continue key is not valid: incorrect encoded start resourceVersion (version %s)", tokenVersion)
	case t.Start == "":
		return "", 0, fmt.Errorf("continue key is not valid: encoded start key empty (version %s)", tokenVersion)
	}
	// A client must not climb out of the prefix that it may list.
	rooted := t.Start
	if !strings.HasPrefix(rooted, "/") {
		rooted = "/" + rooted
	}
	if path.Clean(rooted) != rooted {
		return "", 0, fmt.Errorf("continue key is not valid: %v", t.Start)
	}
	return prefix + rooted[1:], t.Revision, nil
}
