package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"runtime"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/version"
)

// Check is one thing that must hold for a server to be live or ready.
type Check struct {
	Name  string
	Check func() error
}

// ping holds as long as there is anyone to ask.
var ping = Check{Name: "ping", Check: func() error { return nil }}

// checks returns the checks at a path below /healthz, /livez or /readyz.
func (h *Handler) checks(path string) (checks []Check, ok bool) {
	root, name, _ := strings.Cut(strings.Trim(path, "/"), "/")
	switch root {
	case "healthz", "livez":
		checks = append([]Check{ping}, h.Live...)
	case "readyz":
		checks = append([]Check{ping}, h.Ready...)
		if h.Stopping != nil {
			checks = append(checks, Check{Name: "shutdown", Check: h.stopping})
		}
	default:
		return nil, false
	}
	if name == "" {
		return checks, true
	}
	i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return checks[i : i+1], true
}

func (h *Handler) stopping() error {
	select {
	case <-h.Stopping:
		return fmt.Errorf("the server is shutting down")
	default:
		return nil
	}
}

// serveHealth answers as upstream: "ok", or a line for each check if one fails or ?verbose is given. Anyone may ask, so the
// reason of a failure goes to the log.
func serveHealth(w http.ResponseWriter, r *http.Request, checks []Check, failures *log.Logger) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return methodNotAllowed()
	}
	excluded := r.URL.Query()["exclude"]
	root, _, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	var out bytes.Buffer
	healthy := true
	for _, c := range checks {
		if slices.Contains(excluded, c.Name) {
			fmt.Fprintf(&out, "[+]%s excluded: ok\n", c.Name)
		} else if err := c.Check(); err != nil {
			healthy = false
			fmt.Fprintf(&out, "[-]%s failed: reason withheld\n", c.Name)
			failures.Printf("web: %s check %s failed: %v", root, c.Name, err)
		} else {
			fmt.Fprintf(&out, "[+]%s ok\n", c.Name)
		}
	}
	for _, name := range excluded {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.Name == name }) {
			fmt.Fprintf(&out, "warn: some health checks cannot be excluded: no matches for %q\n", name)
		}
	}
	if !healthy {
		http.Error(w, fmt.Sprintf("%s%s check failed", out.String(), root), http.StatusInternalServerError)
		return nil
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, verbose := r.URL.Query()["verbose"]; verbose {
		fmt.Fprintf(w, "%s%s check passed\n", out.String(), root)
		return nil
	}
	fmt.Fprint(w, "ok")
	return nil
}

// Version is what the server says it is: the release of upstream whose behaviour it has.
var Version = version.Info{
	Major: "1", Minor: "37", GitVersion: "v1.37.2+orrery", GitTreeState: "clean",
	GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: runtime.GOOS + "/" + runtime.GOARCH,
}

func serveVersion(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return methodNotAllowed()
	}
	return writeJSON(w, "application/json", Version)
}

// writeJSON sends what is no API object.
func writeJSON(w http.ResponseWriter, mediaType string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	w.Header().Set("Content-Type", mediaType)
	w.Write(data)
	return nil
}
