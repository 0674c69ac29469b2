/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a hand-in, machine.csv, plan.txt, samples.csv, status.csv and trace.csv between
 * lines
 * "--", under a seal that fits: refused in words, or graded.
 */
#include "../../bench/command.h"
#include "../../bench/grade.h"
#include "parts.h"

const char *program_name = "fuzz_handin";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void grade_by(const char *lab, const struct hand_in *h)
{
    static struct sheet sheet;
    struct marks marks;
    struct why w = { "" };
    if (!*sheet.name && sheet_open(&sheet, lab, &w)) {
        printf("%s\n", w.text);
        abort();
    }
    must(!grade(&marks, &sheet, h, &w), w.text);
    must(marks.graded || *marks.reason, "refused without a word");
    for (int i = 0; marks.graded && i < sheet.check_count; i++)
        must(*marks.graded[i].text != 0, "a grade without a word");
    marks_free(&marks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hand_in h;
    struct why w = { "" };
    put_parts(data, size,
              (const char *[]){ "machine.csv", "plan.txt", "samples.csv", "status.csv", "trace.csv",
                                NULL });
    if (handin_seal(dir, "sleep", &w)) { /* or the seal would refuse all that is damaged */
        must(*w.text != 0, "refused without a word");
        return 0;
    }
    if (handin_open(&h, dir, &w))
        must(*w.text != 0, "refused without a word");
    else
        grade_by("sleep", &h);
    handin_close(&h);
    return 0;
}
