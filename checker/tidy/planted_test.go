package tidy

import (
	"go/ast"
	"go/parser"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// Every rule is seen to be broken by somebody, and not by who keeps it.

func TestPlantedImports(t *testing.T) {
	for name, c := range map[string]struct {
		pkg     string
		imports string
		tests   string
		want    string // what is reported, without the reason
	}{
		"a model may import models":           {pkg: "model/api", imports: "slices orrery/model/store"},
		"a model has no clock":                {pkg: "model/api", imports: "time", want: "orrery/model/api: imports time"},
		"nor in its tests":                    {pkg: "model/api", tests: "sync", want: "orrery/model/api (tests): imports sync"},
		"a model has no library":              {pkg: "model/api", tests: "github.com/stretchr/testify/require", want: "orrery/model/api (tests): imports github.com/stretchr/testify/require"},
		"a model does not see what runs":      {pkg: "model/api", imports: "orrery/impl/store", want: "orrery/model/api: imports orrery/impl/store"},
		"impl may import libraries":           {pkg: "impl/store/etcd", imports: "net/http go.etcd.io/etcd/client/v3 orrery/impl/api"},
		"impl does not see the model":         {pkg: "impl/store", imports: "orrery/model/store", want: "orrery/impl/store: imports orrery/model/store"},
		"nor do its tests":                    {pkg: "impl/store", tests: "orrery/model/store", want: "orrery/impl/store (tests): imports orrery/model/store"},
		"impl does not see the judges":        {pkg: "impl/store", imports: "orrery/checker", want: "orrery/impl/store: imports orrery/checker"},
		"impl does not see who provokes":      {pkg: "impl/store", imports: "orrery/fuzz/nemesis", want: "orrery/impl/store: imports orrery/fuzz/nemesis"},
		"the trace is a leaf":                 {pkg: "impl/trace", imports: "orrery/impl/store", want: "orrery/impl/trace: imports orrery/impl/store"},
		"without libraries":                   {pkg: "impl/trace", imports: "github.com/klauspost/compress/zstd", want: "orrery/impl/trace: imports github.com/klauspost/compress/zstd"},
		"tests of the trace have testify":     {pkg: "impl/trace", tests: "github.com/stretchr/testify/require"},
		"a judge reads traces":                {pkg: "checker/watch", imports: "orrery/impl/trace orrery/model/store github.com/anishathalye/porcupine"},
		"a judge runs nothing":                {pkg: "checker/watch", imports: "orrery/impl/store/memory", want: "orrery/checker/watch: imports orrery/impl/store/memory"},
		"a judge knows no Kubernetes":         {pkg: "checker/watch", imports: "k8s.io/api/core/v1", want: "orrery/checker/watch: imports k8s.io/api/core/v1"},
		"a name that only begins like a room": {pkg: "impl/store", imports: "orrery/modelling", want: "orrery/impl/store: imports orrery/modelling"},
		"who provokes may do all":             {pkg: "fuzz", imports: "orrery/model/store orrery/impl/store orrery/checker time"},
	} {
		t.Run(name, func(t *testing.T) {
			found := Imports([]Package{
				{ImportPath: "time", Standard: true},
				{ImportPath: "orrery/" + c.pkg, Imports: strings.Fields(c.imports), TestImports: strings.Fields(c.tests)},
			})
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0].String(), c.want+": ")
		})
	}
}

func TestDecides(t *testing.T) {
	for file, want := range map[string]bool{
		"impl/kubelet reconcile.go":      true,
		"impl/kubelet decide_pod.go":     true,
		"impl/kubelet run.go":            false,
		"impl/control queue.go":          true,
		"impl/control shell.go":          false,
		"impl/control machine_test.go":   false,
		"checker/watch decide.go":        false,
		"impl/apiserver/registry pod.go": true,
	} {
		pkg, name, _ := strings.Cut(file, " ")
		require.Equal(t, want, Decides(pkg, name), file)
	}
}

func TestPlantedDeterminism(t *testing.T) {
	packages, err := List(root, true, "maps", "slices", "sort", "time", "sync", "math/rand", "net/http")
	require.NoError(t, err)
	checker := NewChecker(packages)
	for name, c := range map[string]struct {
		imports string
		body    string
		want    string
	}{
		"a go statement":       {body: "go f(nil)", want: "starts a goroutine"},
		"a channel":            {body: "var c chan int; _ = c", want: "uses a channel"},
		"a send":               {body: "var c = channel; c <- 1", want: "sends on a channel"},
		"a receive":            {body: "<-channel", want: "receives from a channel"},
		"a select":             {body: "select {}", want: "selects"},
		"a lock":               {imports: `"sync"`, body: "var m sync.Mutex; m.Lock()", want: "imports sync"},
		"chance":               {imports: `"math/rand"`, body: "_ = rand.Int()", want: "imports math/rand"},
		"HTTP":                 {imports: `"net/http"`, body: "_ = http.Get", want: "imports net/http"},
		"etcd":                 {imports: `clientv3 "go.etcd.io/etcd/client/v3"`, body: "_ = clientv3.New", want: "imports go.etcd.io/etcd/client/v3"},
		"the clock":            {imports: `"time"`, body: "_ = time.Now()", want: "uses time.Now"},
		"the clock as a value": {imports: `clock "time"`, body: "_ = clock.Since", want: "uses time.Since"},
		"a duration":           {imports: `"time"`, body: "_ = time.Second; _ = time.Unix(0, 0)"},
		"a method called Now":  {body: "var time struct{ Now int }; _ = time.Now"},

		"a map in its own order":         {body: "for k := range m { f(k) }", want: "the order of a map leaks"},
		"its values":                     {body: "for _, v := range m { f(v) }", want: "the order of a map leaks"},
		"a map of a named type":          {body: "for k := range named { f(k) }", want: "the order of a map leaks"},
		"an iterator over a map":         {imports: `"maps"`, body: "for k := range maps.Keys(m) { f(k) }", want: "the order of a map leaks"},
		"a slice":                        {body: "for _, v := range []int{1} { f(v) }"},
		"a map counted":                  {body: "n := 0; for range m { n++ }; f(n)"},
		"excused":                        {body: "// order does not matter: f adds up\n\tfor k := range m { f(k) }"},
		"excused without a reason":       {body: "// order does not matter: \n\tfor k := range m { f(k) }", want: "the order of a map leaks"},
		"excused from afar":              {body: "// order does not matter: f adds up\n\n\tfor k := range m { f(k) }", want: "the order of a map leaks"},
		"sorted afterwards":              {imports: `"slices"`, body: "var keys []string; for k := range m { keys = append(keys, k) }; slices.Sort(keys)"},
		"sorted afterwards, filtered":    {imports: `"sort"`, body: "var keys []string; for k, v := range m { if v > 0 { keys = append(keys, k) } else { continue } }; sort.Strings(keys)"},
		"sorted before":                  {imports: `"slices"`, body: "var keys []string; slices.Sort(keys); for k := range m { keys = append(keys, k) }", want: "the order of a map leaks"},
		"another slice sorted":           {imports: `"slices"`, body: "var keys, other []string; for k := range m { keys = append(keys, k) }; slices.Sort(other)", want: "the order of a map leaks"},
		"collected, and one more effect": {imports: `"slices"`, body: "var keys []string; for k := range m { keys = append(keys, k); f(k) }; slices.Sort(keys)", want: "the order of a map leaks"},
		"sorted keys":                    {imports: `"maps"; "slices"`, body: "for _, k := range slices.Sorted(maps.Keys(m)) { f(k) }"},
		"copied under its own keys":      {body: "n := map[string]int{}; for k, v := range m { n[k] = v }; for k := range m { delete(n, k) }"},
		"copied under other keys":        {body: "n := map[int]string{}; for k, v := range m { n[v] = k }", want: "the order of a map leaks"},
		"the first match":                {body: "for k, v := range m { if v > 1 { f(k); break } }", want: "the order of a map leaks"},
	} {
		t.Run(name, func(t *testing.T) {
			source := "package p\n\nimport (" + c.imports + ")\n\nfunc f(any) {}\n\nvar m map[string]int\n\ntype names map[string]bool\n\nvar named names\n\nfunc g() {\n\t" + c.body + "\n}\n"
			file, err := parser.ParseFile(checker.Fset, "reconcile.go", source, parser.ParseComments)
			require.NoError(t, err)
			other, err := parser.ParseFile(checker.Fset, "shell.go", "package p\n\nvar channel chan int\n", 0)
			require.NoError(t, err)
			found := Determinism(checker.Fset, file, checker.Check("p", []*ast.File{file, other}))
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0].What, c.want)
			require.Contains(t, found[0].Where, "reconcile.go:")
		})
	}
}

func TestPlantedTree(t *testing.T) {
	good := fstest.MapFS{
		"README.md":             {Data: []byte("see https://example.com/work/of/art and ./work/ and network/root/x\n")},
		"main.go":               {Data: []byte("// Command p.\npackage main\n")},
		"model/doc.go":          {Data: []byte("// Package model is one.\npackage model\n")},
		"model/testdata/x/x.go": {Data: []byte("package x\n")},
		"bin/x.go":              {Data: []byte("package x\n")},
		".git/x.go":             {Data: []byte("package x\n")},
	}
	found, err := Tree(good)
	require.NoError(t, err)
	require.Empty(t, found)
	for name, c := range map[string]struct {
		file, content, want string
	}{
		"a folder at the top":       {"pkg/doc.go", "// Package pkg is one too many.\npackage pkg\n", "pkg: no room of this name"},
		"a package without doc.go":  {"impl/x/x.go", "// Package x is.\npackage x\n", "impl/x: has no doc.go"},
		"an empty doc.go":           {"impl/x/doc.go", "package x\n", "impl/x/doc.go: the package comment"},
		"a comment on another name": {"impl/x/doc.go", "// Package y is.\npackage x\n", "impl/x/doc.go: the package comment"},
		"a program without comment": {"impl/x/main.go", "package main\n", "impl/x/main.go: the package comment"},
		"a path of a machine":       {"testdata/x.txt", "one\nopen /ro" + "ot/x: no such file\n", "testdata/x.txt:2: names a path of one machine"},
		"a home":                    {"NOTES.md", "see /ho" + "me/jo/x", "NOTES.md:1: names a path of one machine"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := fstest.MapFS{c.file: {Data: []byte(c.content)}}
			found, err := Tree(bad)
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Contains(t, found[0].String(), c.want)
		})
	}
}
