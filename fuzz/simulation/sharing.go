package simulation

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"orrery/checker/verdict"
)

// resultMark begins the line of a log that holds a share's tally.
const resultMark = "result: "

// share is what one share of a campaign has come to.
type share struct {
	Shard  uint64 `json:"shard"`
	Shards uint64 `json:"shards"`
	Tally
}

// CampaignCommand is `orrery campaign`.
func CampaignCommand() *cobra.Command {
	var shares int32
	var seeds, from uint64
	var image, namespace, name string
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "Print the manifest of a Kubernetes Job that shares many simulated runs out",
		Long: "campaign prints an Indexed Job, each of whose pods makes one share of the runs. When it has ended, the logs of its pods are\n" +
			"merged by orrery campaign merge.",
		Example: "  orrery campaign --completions 50 --seeds 5000000 --image registry.example/orrery:1 | kubectl apply -f -\n" +
			"  for pod in $(kubectl get pods -l job-name=orrery-sim -o name); do kubectl logs $pod > logs/${pod#pod/}.log; done\n" +
			"  orrery campaign merge logs",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case shares < 1:
				return fmt.Errorf("--completions %d: must be 1 or more", shares)
			case image == "":
				return errors.New("--image: name an image whose entry point is orrery")
			case seeds == 0:
				return errors.New("--seeds 0: must be 1 or more")
			}
			text, err := yaml.Marshal(job(name, namespace, image, shares, seeds, from))
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	flags := cmd.Flags()
	flags.Int32Var(&shares, "completions", 10, "into how many shares the runs are divided")
	flags.Uint64Var(&seeds, "seeds", 1_000_000, "how many runs, of all shares together")
	flags.Uint64Var(&from, "from", 1, "the first seed")
	flags.StringVar(&image, "image", "", "`image` whose entry point is orrery (required)")
	flags.StringVar(&name, "name", "orrery-sim", "name of the Job")
	flags.StringVar(&namespace, "namespace", "default", "namespace of the Job")
	cmd.AddCommand(mergeCommand())
	return cmd
}

// job is the Job. A share that finds something fails its pod, which is not tried again: it would find the same.
func job(name, namespace, image string, shares int32, seeds, from uint64) *batchv1.Job {
	indexed, none := batchv1.IndexedCompletion, int32(0)
	return &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: batchv1.JobSpec{
			Completions: &shares, Parallelism: &shares, CompletionMode: &indexed, BackoffLimitPerIndex: &none,
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever,
				Containers: []corev1.Container{{
					Name: "sim", Image: image,
					Args: []string{"sim", fmt.Sprintf("--shard=$(JOB_COMPLETION_INDEX)/%d", shares), fmt.Sprint("--seeds=", seeds), fmt.Sprint("--from=", from), "--result=-"},
					Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
						corev1.ResourceCPU: resource.MustParse("1"), corev1.ResourceMemory: resource.MustParse("512Mi")}},
				}},
			}},
		},
	}
}

func mergeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "merge DIR",
		Short:   "Join what the shares of a campaign have come to",
		Long:    "merge reads the logs in a folder. The exit status is 1 if a share broke a guarantee, 2 if one is missing or could not judge.",
		Example: "  orrery campaign merge logs",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return merge(args[0], cmd.OutOrStdout())
		},
	}
}

// merge joins the shares in a folder.
func merge(dir string, w io.Writer) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	whole := Tally{Faults: map[string]int{}, Sometimes: map[string]int{}}
	seen := map[uint64]string{}
	shards := uint64(0)
	for _, file := range files {
		s, err := readShare(file)
		if err != nil {
			return err
		}
		switch {
		case shards != 0 && s.Shards != shards:
			return fmt.Errorf("%s is one of %d shares, the ones before of %d: these are two campaigns", file, s.Shards, shards)
		case seen[s.Shard] != "":
			return fmt.Errorf("%s and %s are both share %d", seen[s.Shard], file, s.Shard)
		}
		shards, seen[s.Shard] = s.Shards, file
		whole.add(s.Tally)
	}
	if shards == 0 {
		return fmt.Errorf("%s holds no log of a share", dir)
	}
	fmt.Fprint(w, whole.Table())
	missing := uint64(0)
	for i := range shards {
		if seen[i] == "" {
			missing++
			fmt.Fprintf(w, "share %d of %d is missing\n", i, shards)
		}
	}
	switch {
	case whole.Failed != nil:
		fmt.Fprintf(w, "\nseed %d breaks a guarantee: %s\nTo make the run again: orrery sim --from %d --seeds 1\n", *whole.Failed, whole.Broken, *whole.Failed)
		return verdict.Illegal.Err()
	case missing > 0 || whole.Unknown > 0:
		return verdict.Unknown.Err()
	}
	return nil
}

// readShare finds the tally in a log.
func readShare(file string) (s share, err error) {
	f, err := os.Open(file)
	if err != nil {
		return s, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text, found := strings.CutPrefix(lines.Text(), resultMark)
		if !found {
			continue
		}
		if err := json.Unmarshal([]byte(text), &s); err != nil || s.Shards == 0 || s.Shard >= s.Shards {
			return s, fmt.Errorf("%s: the line %q is no result of a share", file, text)
		}
		return s, nil
	}
	if err := lines.Err(); err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	return s, fmt.Errorf("%s: there is no line that begins with %q: the share has not ended, or ended badly", file, strings.TrimSpace(resultMark))
}

// add adds another tally.
func (t *Tally) add(u Tally) {
	t.Runs, t.Steps, t.Lines, t.Unknown, t.Seconds = t.Runs+u.Runs, t.Steps+u.Steps, t.Lines+u.Lines, t.Unknown+u.Unknown, max(t.Seconds, u.Seconds)
	for name, n := range u.Faults { // order does not matter: sums
		t.Faults[name] += n
	}
	for name, n := range u.Sometimes { // order does not matter: sums
		t.Sometimes[name] += n
	}
	if u.Failed != nil && (t.Failed == nil || *u.Failed < *t.Failed) {
		t.Failed, t.Broken = u.Failed, u.Broken
	}
	if u.Unjudged != nil {
		t.unjudged(*u.Unjudged, u.Why)
	}
}
