// Command coverage prints, of the files that decide what the components do, how many statements the seeds of the simulation reach,
// and how many they reach together with the scripts and tests; then every statement that nothing reaches. It reads the
// profiles that `go test -coverprofile` writes: that of the seeds first. `make coverage` does all of it, of the packages that `coverage packages`
// prints.
//
// A file decides if it belongs to ring 1 or 2 of a component (see DESIGN.md: the pure decision and its loop), or to the part of the API
// server that answers one request. What carries decisions out (shells, commands, HTTP, the translation of a pod into CRI calls), and the
// validation of fields that no workload of the simulation sets, is not: it is tested where it is.
package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/tools/cover"
)

// deciding are the files, below the module's root.
var deciding = map[string][]string{
	"impl/token":                  {"accept.go", "claims.go", "issuer.go", "key.go"},
	"impl/control":                {"cache.go", "index.go", "ledger.go", "loop.go", "names.go", "observe.go", "queue.go", "view.go"},
	"impl/control/election":       {"config.go", "decide.go", "elector.go"},
	"impl/controller/namespace":   {"conditions.go", "effects.go", "namespace.go", "reconcile.go"},
	"impl/controller/endpoints":   {"decideold.go", "effects.go", "endpoints.go", "old.go", "reconcile.go", "subsets.go", "wanted.go"},
	"impl/controller/node":        {"effects.go", "measure.go", "node.go", "reconcile.go", "tolerate.go", "zone.go"},
	"impl/controller/garbage":     {"effects.go", "facts.go", "garbage.go", "object.go", "reconcile.go"},
	"impl/controller/account":     {"account.go", "effects.go", "reconcile.go"},
	"impl/controller/replication": {"effects.go", "kind.go", "reconcile.go", "replication.go", "status.go", "victims.go"},
	"impl/proxy":                  {"proxy.go", "reconcile.go", "wanted.go"},
	"impl/scheduler":              {"affinity.go", "effects.go", "filter.go", "preempt.go", "reconcile.go", "score.go", "snapshot.go", "wake.go"},
	"impl/kubelet":                {"admit.go", "deadline.go", "node.go", "notes.go", "observed.go", "pass.go", "pod.go", "poststart.go", "probe.go", "reconcile.go", "reference.go", "run.go", "status.go", "suit.go", "terminate.go", "token.go"},
	"impl/apiserver/cache":        {"cache.go", "item.go", "set.go", "watcher.go", "window.go"},
	"impl/apiserver/request": {"admit.go", "claim.go", "collection.go", "errors.go", "get.go", "issue.go", "list.go", "listof.go", "machine.go", "op.go", "options.go", "token.go",
		"watch.go", "write.go"},
	"impl/apiserver/registry": {"allocate.go", "binding.go", "create.go", "decide.go", "delete.go", "eviction.go", "match.go", "meta.go", "patch.go", "pod_status.go", "pod_account.go", "pod_update.go",
		"replication.go", "scale.go", "token.go", "update.go"},
}

// reached is how often each block of a file was.
type reached map[cover.ProfileBlock]bool

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

func run(profiles []string, out io.Writer) error {
	if len(profiles) == 0 {
		return fmt.Errorf("no profile is named: give that of the seeds first, then those of other tests")
	}
	if slices.Equal(profiles, []string{"packages"}) {
		_, err := fmt.Fprintln(out, strings.Join(packages(), " "))
		return err
	}
	seeds, err := read(profiles[:1])
	if err != nil {
		return err
	}
	all, err := read(profiles)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FILE\tSTATEMENTS\tBY SEEDS\tBY ALL")
	var sum, bySeeds, byAll int
	var missed, guards []string
	for _, name := range files() {
		blocks := all[name]
		if blocks == nil {
			return fmt.Errorf("no profile tells of %s", name)
		}
		n, a, b := 0, 0, 0
		for _, block := range sorted(blocks) {
			n += block.NumStmt
			if seeds[name][block] {
				a += block.NumStmt
			}
			switch at, guard := place(name, block); {
			case blocks[block]:
				b += block.NumStmt
			case guard:
				guards = append(guards, at)
			default:
				missed = append(missed, at)
			}
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", name, n, share(a, n), share(b, n))
		sum, bySeeds, byAll = sum+n, bySeeds+a, byAll+b
	}
	fmt.Fprintf(table, "all\t%d\t%s\t%s\n", sum, share(bySeeds, sum), share(byAll, sum))
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nReached by nothing, and nothing should: %d places that panic, or answer that the program is wrong\n%s", len(guards), strings.Join(guards, ""))
	fmt.Fprintf(out, "\nReached by nothing: %d places\n%s", len(missed), strings.Join(missed, ""))
	return nil
}

// packages are those that hold the files, as the go command names them.
func packages() (names []string) {
	for dir := range deciding { // order does not matter: sorted below
		names = append(names, "./"+dir)
	}
	slices.Sort(names)
	return names
}

func files() (names []string) {
	for dir, in := range deciding { // order does not matter: sorted below
		for _, name := range in {
			names = append(names, dir+"/"+name)
		}
	}
	slices.Sort(names)
	return names
}

func share(part, whole int) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(max(whole, 1)))
}

// read joins profiles: a block is reached if it is in one of them.
func read(profiles []string) (map[string]reached, error) {
	const module = "orrery/"
	whole := map[string]reached{}
	for _, profile := range profiles {
		of, err := cover.ParseProfiles(profile)
		if err != nil {
			return nil, err
		}
		for _, p := range of {
			name := strings.TrimPrefix(p.FileName, module)
			if whole[name] == nil {
				whole[name] = reached{}
			}
			for _, block := range p.Blocks {
				hit := block.Count > 0
				block.Count = 0
				whole[name][block] = whole[name][block] || hit
			}
		}
	}
	return whole, nil
}

func sorted(blocks reached) []cover.ProfileBlock {
	var list []cover.ProfileBlock
	for block := range blocks { // order does not matter: sorted below
		list = append(list, block)
	}
	slices.SortFunc(list, func(a, b cover.ProfileBlock) int {
		if a.StartLine != b.StartLine {
			return a.StartLine - b.StartLine
		}
		return a.StartCol - b.StartCol
	})
	return list
}

// bug matches what is called where only a mistake in the program can lead to.
var bug = regexp.MustCompile(`\b(panic|misused|NewInternalError)\(`)

// place is where a block begins, and its first line; guard: it says that there is a bug.
func place(name string, block cover.ProfileBlock) (at string, guard bool) {
	first := ""
	if text, err := os.ReadFile(name); err == nil {
		lines := strings.Split(string(text), "\n")
		for line := block.StartLine; line <= block.EndLine && line <= len(lines); line++ {
			part := lines[line-1]
			if line == block.StartLine {
				part = part[min(block.StartCol-1, len(part)):]
			}
			if part = strings.Trim(part, "{} \t"); part != "" {
				first = part
				break
			}
		}
	}
	return fmt.Sprintf("  %s:%d: %s\n", name, block.StartLine, first), bug.MatchString(first)
}
