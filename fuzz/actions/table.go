package actions

import "orrery/checker/history"

// Where says in which runs an action is taken.
type Where string

const (
	// Simulated: in simulated runs, and most often in real ones too.
	Simulated Where = ""
	// Rare: in simulated runs, but in so few that some hundred of them may be without.
	Rare Where = "rare"
	// Story: in a story among the scripts; in simulated runs so rarely that thousands may be without.
	Story Where = "story"
	// Real: in real runs only.
	Real Where = "real"
	// Nowhere: in none so far, though a trace would show it.
	Nowhere Where = "nowhere"
	// Unseen: no trace can show it.
	Unseen Where = "unseen"
)

// Action is one action of a model.
type Action struct {
	Model, Name string
	// Kind is what the model itself calls it: a constant of its type Kind, or an action of model/store without its parameters.
	Kind any
	// Shows is what in a trace shows that the action was taken; empty: nothing can.
	Shows string
	// Where it is taken; Why, if that is not Simulated, what is missing in simulated runs.
	Where Where
	Why   string
}

// finder calls at with the number of each line that shows the action.
type finder func(r *run, at func(line int64))

// row is an action of a model, and how it is found.
type row struct {
	kind  any
	name  string
	shows string
	find  finder
}

// exception is an action that simulated runs do not take, and the reason.
type exception struct {
	name  string
	where Where
	why   string
}

// table is a model, in the order of its own list of actions.
type table struct {
	model      string
	rows       []row
	exceptions []exception
}

var tables = []table{storeTable, apiTable, replicationTable, schedulerTable, kubeletTable, endpointsTable, namespaceTable, nodeTable, garbageTable, accountTable, proxyTable}

// Actions are the actions of all models of components that exist, by model and in its order.
func Actions() (all []Action) {
	for _, t := range tables {
		for _, r := range t.rows {
			a := Action{Model: t.model, Name: r.name, Kind: r.kind, Shows: r.shows}
			for _, e := range t.exceptions {
				if e.name == r.name {
					a.Where, a.Why = e.where, e.why
				}
			}
			all = append(all, a)
		}
	}
	return all
}

// Find returns for each of [Actions] the numbers of the lines that show that it was taken, in order.
func Find(h *history.History) (found [][]int64) {
	r := newRun(h)
	for _, t := range tables {
		for _, row := range t.rows {
			var lines []int64
			if row.find != nil {
				row.find(r, func(line int64) { lines = append(lines, line) })
			}
			found = append(found, sortedOnce(lines))
		}
	}
	return found
}
