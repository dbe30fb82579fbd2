// A schedule a line, read by robfig/cron: its sets of numbers and whether either day field suffices, or E.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/robfig/cron/v3"
)

const star = uint64(1) << 63

func main() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		schedule, err := cron.ParseStandard(in.Text())
		s, fields := schedule.(*cron.SpecSchedule)
		if err != nil || !fields {
			fmt.Println("E")
			continue
		}
		either := 1
		if (s.Dom|s.Dow)&star != 0 {
			either = 0
		}
		fmt.Printf("%x %x %x %x %x %d\n", s.Minute&^star, s.Hour&^star, s.Dom&^star, s.Month&^star, s.Dow&^star, either)
	}
}
