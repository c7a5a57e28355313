package simulation

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"

	"orrery/checker/verdict"
)

// executed runs a command and returns what it prints.
func executed(t *testing.T, args ...string) (string, error) {
	cmd := Command()
	if args[0] == "campaign" {
		cmd, args = CampaignCommand(), args[1:]
	}
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	return out.String(), err
}

// Goal: the shares of a campaign are together what one run of all is. Method: three shares, merged, against the whole.
func TestSharesMakeTheWhole(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		out, err := executed(t, "--seeds=12", fmt.Sprintf("--shard=%d/3", i), "--result=-")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte(out), 0o644))
	}
	merged, err := executed(t, "campaign", "merge", dir)
	require.NoError(t, err)
	all, err := executed(t, "--seeds=12")
	require.NoError(t, err)
	counts := func(out string) string { return out[strings.Index(out, "Faults:"):] }
	require.Equal(t, counts(all), counts(merged))

	require.NoError(t, os.Remove(filepath.Join(dir, "1")))
	out, err := executed(t, "campaign", "merge", dir)
	require.EqualError(t, err, verdict.Unknown.Err().Error())
	require.Contains(t, out, "share 1 of 3 is missing")
}

// What is no campaign is refused in words that name what is wrong; a share that broke a guarantee makes the whole illegal.
func TestMerge(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":       {nil, "holds no log of a share"},
		"not ended":     {map[string]string{"a": "12 runs\n"}, "has not ended, or ended badly"},
		"no result":     {map[string]string{"a": "result: {}\n"}, "is no result of a share"},
		"twice":         {map[string]string{"a": `result: {"shards":2}`, "b": `result: {"shards":2}`}, "are both share 0"},
		"two campaigns": {map[string]string{"a": `result: {"shards":2}`, "b": `result: {"shard":1,"shards":3}`}, "two campaigns"},
		"illegal":       {map[string]string{"a": `result: {"shards":1,"failed":7,"broken":"g"}`}, "the verdict is illegal"},
	} {
		dir := t.TempDir()
		for file, text := range test.files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644))
		}
		_, err := executed(t, "campaign", "merge", dir)
		require.ErrorContains(t, err, test.want, name)
	}
}

// The manifest is an Indexed Job that upstream's types read, each pod with its share.
func TestCampaignManifest(t *testing.T) {
	out, err := executed(t, "campaign", "--completions=7", "--seeds=100", "--image=orrery:1")
	require.NoError(t, err)
	var job batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict([]byte(out), &job))
	require.EqualValues(t, 7, *job.Spec.Completions)
	require.Equal(t, batchv1.IndexedCompletion, *job.Spec.CompletionMode)
	require.Equal(t, []string{"sim", "--shard=$(JOB_COMPLETION_INDEX)/7", "--seeds=100", "--from=1", "--result=-"}, job.Spec.Template.Spec.Containers[0].Args)
	for _, bad := range [][]string{{"--completions=0", "--image=i"}, {}, {"--image=i", "--seeds=0"}} {
		_, err := executed(t, append([]string{"campaign"}, bad...)...)
		require.Error(t, err)
	}
	for _, bad := range []string{"--shard=3/3", "--shard=x", "--workers=0", "--control-planes=10", "--script=no-such-file", "--bug=X99"} {
		_, err := executed(t, bad, "--museum=../../testdata/museum")
		require.Error(t, err, bad)
	}
}
