package simulation

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"orrery/checker/history"
	"orrery/checker/invariant"
	"orrery/checker/report"
	"orrery/checker/verdict"
	"orrery/fuzz/actions"
	"orrery/impl/api"
	"orrery/impl/apiserver/cache"
	"orrery/impl/control/election"
	"orrery/impl/sim"
	"orrery/impl/trace"
)

// seeds is how many runs of the whole cluster are made, each twice.
const seeds = 2000

// Goal: no guarantee breaks, every interesting state is reached, every action of the models is taken that simulated runs are said to take, and the
// same seed makes the same run. Method: two thousand seeds, each run twice, the traces compared byte for byte.
func TestSeeds(t *testing.T) {
	n := uint64(seeds)
	if testing.Short() {
		n /= 10
	}
	var mu sync.Mutex
	var taken actions.Tally
	find := func(seed uint64, r Result) {
		found := actions.Find(history.New(r.Header, r.Lines))
		mu.Lock()
		defer mu.Unlock()
		taken.Add(fmt.Sprint("seed ", seed), found)
	}
	tally, failed, err := Campaign{From: 1, Seeds: n, Size: DefaultSize, Twice: true, Each: find}.Run(context.Background())
	require.NoError(t, err)
	if failed != nil {
		t.Fatal(told(t, Shrink(context.Background(), *failed)))
	}
	require.EqualValues(t, n, tally.Runs)
	require.Zero(t, tally.Unknown, "runs that could not be judged")
	require.Empty(t, tally.Missing(), "interesting states that were not reached")
	t.Logf("%v\n%v", tally, &taken)
	if n == seeds {
		require.Empty(t, taken.Missing(actions.Simulated, actions.Rare), "actions that were not taken")
	}
}

// Goal: where the scheduler and the controllers run twice, one of each acts at a time, others take over, and no guarantee breaks (row 44). Method:
// seeds of such clusters, each run twice, with clocks that differ and candidates that crash, stop for a while or leave; how often the lead
// passed is counted.
func TestStandby(t *testing.T) {
	size := DefaultSize
	size.Standby = true
	n := uint64(40)
	if testing.Short() {
		n = 8
	}
	var mu sync.Mutex
	passed, acted := 0, 0
	each := func(_ uint64, r Result) {
		mu.Lock()
		defer mu.Unlock()
		leader := map[string]string{}
		for _, l := range r.Lines {
			if l.Life != nil && l.Life.State == trace.Leads {
				if before := leader[l.Life.Name]; before != "" && before != l.Process {
					passed++
				}
				leader[l.Life.Name] = l.Process
			}
			if l.Step != nil && len(l.Step.Plan) > 0 && strings.HasSuffix(l.Process, "-2") && l.Step.Component != election.Component {
				acted++
			}
		}
	}
	_, failed, err := Campaign{From: 1, Seeds: n, Size: size, Twice: true, Each: each}.Run(context.Background())
	require.NoError(t, err)
	if failed != nil {
		t.Fatal(told(t, Shrink(context.Background(), *failed)))
	}
	if !testing.Short() {
		require.Greater(t, passed, 0, "nobody took over")
		require.Greater(t, acted, 0, "nobody who took over did anything")
	}
	t.Logf("the lead passed %d times, and who took over decided %d times", passed, acted)
}

// Goal: that two act at once is seen, where clocks differ by more than LeaseDuration/RenewDeadline and so nothing else is promised. Method: the
// second candidate's clock goes at twice the rate; the leader is silent until that one leads, and then goes on, with a pod to be scheduled.
func TestTwoActWhereClocksDiffer(t *testing.T) {
	size := Size{ControlPlanes: 1, Workers: 1, Standby: true}
	for rate, want := range map[int]string{1000: "", 2000: invariant.OneActs.Error()} {
		var found []string
		for n := 100; n <= 1000; n += 50 { // how long it is silent; as long as the other has just come to lead
			r, err := Replay(context.Background(), size, []string{fmt.Sprint("skew scheduler-2 ", rate), "settle", "pause scheduler", fmt.Sprint("run ", n),
				"user create pod once run", "resume scheduler", "run 200"}, true)
			require.NoError(t, err)
			found = append(found, r.Broken())
		}
		require.Contains(t, found, want)
		require.Subset(t, []string{"", want}, found)
	}
}

// Goal: nobody modifies an object that is shared by all who read it, in the caches of all servers. Method: some runs, after which what
// is shared is held against what was stored; and one object that is modified on purpose.
func TestNobodyModifiesWhatIsShared(t *testing.T) {
	for seed := uint64(1); seed <= 100; seed++ {
		var world *sim.World
		_, err := execute(context.Background(), DefaultSize, func(r *run) error {
			world = r.world
			explore(r, Seed(seed), 1)
			return nil
		})
		require.NoError(t, err)
		require.NoError(t, world.Tampered(), "seed %d", seed)
		if seed == 1 {
			nodes, _ := api.ByName("nodes")
			snapshot, _ := world.Servers[0].Snapshot(nodes)
			snapshot.Ascend("", "", func(item *cache.Item) bool {
				item.Object.SetLabels(map[string]string{"somebody": "was here"})
				return false
			})
			require.ErrorContains(t, world.Tampered(), "somebody has modified")
		}
	}
}

// told is a failure in words.
func told(t *testing.T, r Result) string {
	var text bytes.Buffer
	require.NoError(t, report.Write(&text, history.New(r.Header, r.Lines), r.Report))
	return text.String() + "\n" + r.Text()
}

// Goal: a run and the script it leaves are the same run. Method: some seeds are explored and their scripts replayed, strictly.
func TestScriptMakesTheRunAgain(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		explored, err := Explore(context.Background(), DefaultSize, Seed(seed))
		require.NoError(t, err)
		size, script, err := ParseScript(explored.Text())
		require.NoError(t, err)
		replayed, err := Replay(context.Background(), size, script, true)
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, -1, differ(explored, replayed), "seed %d", seed)
	}
}

// Goal: bytes that are changed late leave what came before them as it was. Method: two inputs with the same beginning.
func TestBytesMoveOneDecision(t *testing.T) {
	data := bytes.Repeat([]byte{0x10, 0x42, 0x99, 0xe0, 0x07}, 400)
	changed := bytes.Clone(data)
	changed[1500] ^= 0xff
	one, err := Explore(context.Background(), DefaultSize, Bytes(data))
	require.NoError(t, err)
	other, err := Explore(context.Background(), DefaultSize, Bytes(changed))
	require.NoError(t, err)
	require.Greater(t, len(one.Script), 20)
	same := 0
	for same < min(len(one.Script), len(other.Script)) && one.Script[same] == other.Script[same] {
		same++
	}
	require.Greater(t, same, 10)
}

// scripts are the stories of single behaviours, in words; each is a file in testdata/scripts.
const scripts = "../../testdata/scripts"

// Goal: each script does what it says, and breaks nothing. Method: its decisions and their effects are printed and compared.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, scripts, func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			require.Equal(t, "run", d.Cmd)
			size, script, err := ParseScript(d.Input)
			if err != nil {
				return err.Error() + "\n"
			}
			r, err := Replay(context.Background(), size, script, !d.HasArg("loose"))
			if err != nil {
				return err.Error() + "\n"
			}
			again, err := Replay(context.Background(), size, script, !d.HasArg("loose"))
			require.NoError(t, err)
			require.Equal(t, -1, differ(r, again), "the same script made two runs")
			if d.HasArg("verdict") {
				return r.Report.Verdict().String() + "\n"
			}
			return Story(r)
		})
	})
}

// A script that cannot be read, or asks for what is not possible, is refused in words that name the line.
func TestBadScripts(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "the script is empty",
		"settle":                         "begins with",
		"cluster 0 1":                    "begins with",
		"cluster 1 1\nrun many":          "line 1: run many: run \"many\": how often?",
		"cluster 1 1\nstep work nobody":  "not possible here",
		"cluster 1 1\ncrash nobody":      "nothing of that name",
		"cluster 1 1\nask client-9 1":    "there is no client",
		"cluster 1 1\nask client-1 x":    "no list of numbers",
		"cluster 1 1\nskew scheduler 9":  "500 to 2000",
		"cluster 1 1\nfly away":          "there is no such verb",
		"cluster 1 1\nstart scheduler":   "not possible here",
		"cluster 1 1\ncut worker-1":      "from where to where",
		"cluster 1 1\ndrop nothing":      "not possible here",
		"cluster 1 1\ncompact everybody": "not possible here",
	} {
		size, script, err := ParseScript(text)
		if err == nil {
			_, err = Replay(context.Background(), size, script, true)
		}
		require.ErrorContains(t, err, want, "%q", text)
	}
}

// Goal: a simulated trace and a real one are judged by the same checkers, with the same configuration. Method: a simulated run is
// saved, loaded and judged as `orrery judge` does; so is the recorded real one.
func TestSimulatedTraceIsJudgedAsARealOne(t *testing.T) {
	r, err := Explore(context.Background(), DefaultSize, Seed(1))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "trace.jsonl.zst")
	require.NoError(t, history.Save(file, r.Header, r.Lines))
	for path, mode := range map[string]trace.Mode{file: trace.Simulated, "../../testdata/histories/ok-check-seed-2.jsonl.zst": trace.Real} {
		h, err := history.Load(path)
		require.NoError(t, err)
		require.Equal(t, mode, h.Header.Mode)
		require.Equal(t, verdict.Ok, judge(h).Verdict(), path)
	}
}
