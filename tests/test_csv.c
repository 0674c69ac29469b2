/* SPDX-License-Identifier: MIT
 *
 * csv: what a reader must take (quotes, CRLF, a BOM, a torn last row), what it must refuse and how
 * it says so, and that nothing gets out that would hurt a reader, a plot or a page.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/csv.h"

static struct csv *parse(const char *text)
{
    struct csv *c = NULL;
    struct why w = { "" };
    assert_int_equal(csv_parse(&c, text, (long)strlen(text), "t.csv", &w), 0);
    assert_non_null(c);
    return c;
}

static void refuse(const char *text, long length, const char *words)
{
    struct csv *c = NULL;
    struct why w = { "" };
    assert_int_equal(csv_parse(&c, text, length, "t.csv", &w), -EBADMSG);
    assert_null(c);
    assert_non_null(strstr(w.text, "t.csv"));
    assert_non_null(strstr(w.text, words));
}

static void plain(void **state)
{
    struct csv *c = parse("a,b\n1,2\n,x y\n");
    double number = -1;
    (void)state;
    assert_int_equal(c->rows, 2);
    assert_int_equal(c->columns, 2);
    assert_int_equal(c->torn, 0);
    assert_int_equal(csv_column(c, "b"), 1);
    assert_int_equal(csv_column(c, "nosuch"), -1);
    assert_string_equal(csv_cell(c, 0, 1), "2");
    assert_string_equal(csv_cell(c, 1, 0), "");
    assert_string_equal(csv_cell(c, 1, 1), "x y");
    assert_string_equal(csv_cell(c, 1, -1), "");
    assert_int_equal(csv_number(c, 0, 0, &number), 1);
    assert_true(number == 1);
    assert_int_equal(csv_number(c, 1, 0, &number), 0);
    assert_int_equal(csv_number(c, 1, 1, &number), 0);
    assert_int_equal(csv_number(c, 0, -1, &number), 0);
    csv_free(c);
    csv_free(NULL);
}

static void numbers(void **state)
{
    struct csv *c = parse("n\n-2.5e3\nnan\ninf\n12x\n1e999\n9007199254740992\n");
    double number = 7;
    (void)state;
    assert_int_equal(csv_number(c, 0, 0, &number), 1);
    assert_true(number == -2500);
    for (long row = 1; row <= 4; row++)
        assert_int_equal(csv_number(c, row, 0, &number), 0);
    assert_true(number == -2500);
    assert_int_equal(csv_number(c, 5, 0, &number), 1);
    assert_true(number == 0x1p53);
    csv_free(c);
}

static void quotes(void **state)
{
    struct csv *c = parse("\"a,1\",b\n\"say \"\"hi\"\"\",\"two, in one\"\n\"\",\"\"\n");
    (void)state;
    assert_int_equal(c->rows, 2);
    assert_int_equal(csv_column(c, "a,1"), 0);
    assert_string_equal(csv_cell(c, 0, 0), "say \"hi\"");
    assert_string_equal(csv_cell(c, 0, 1), "two, in one");
    assert_string_equal(csv_cell(c, 1, 1), "");
    csv_free(c);
}

static void crlf_and_bom(void **state)
{
    struct csv *c = parse("\xEF\xBB\xBF"
                          "a,b\r\n1,2\r\n\"3\",\"4\"\r\n");
    (void)state;
    assert_int_equal(csv_column(c, "a"), 0);
    assert_int_equal(csv_column(c, "b"), 1);
    assert_string_equal(csv_cell(c, 0, 1), "2");
    assert_string_equal(csv_cell(c, 1, 1), "4");
    csv_free(c);
}

static void torn(void **state)
{
    static const char *const texts[] = { "a,b\n1,2\n3", "a,b\n1,2\n3,", "a,b\n1,2\n3,4",
                                         "a,b\n1,2\n\"3" };
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct csv *c = parse(texts[i]);
        assert_int_equal(c->torn, 1);
        assert_int_equal(c->rows, 1);
        assert_string_equal(csv_cell(c, 0, 1), "2");
        csv_free(c);
    }
}

static void header_only(void **state)
{
    struct csv *c = parse("a,b\n");
    (void)state;
    assert_int_equal(c->rows, 0);
    assert_int_equal(c->columns, 2);
    csv_free(c);
}

/* With its length, which a NUL inside does not end. */
#define TEXT(literal) literal, sizeof literal - 1

static void refused(void **state)
{
    (void)state;
    refuse(TEXT(""), "empty");
    refuse(TEXT("\xEF\xBB\xBF"), "empty");
    refuse(TEXT("a,b"), "header");
    refuse(TEXT("a,b\n1,\0\n"), "NUL");
    refuse(TEXT("a,b\n1,2\n1,2,3\n1,2\n"), "line 3");
    refuse(TEXT("a,b\n1,2\n\"x\ny\",2\n3,4\n"), "line 3"); /* else one quote swallows the rest */
    refuse(TEXT("a,b\n\"x\"y,2\n"), "line 2");
}

static void files(void **state)
{
    char folder[] = "/tmp/teampool-csv-XXXXXX", path[64];
    struct csv *c = NULL;
    struct why w = { "" };
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/t.csv", folder);
    assert_int_equal(csv_read(&c, path, &w), -ENOENT);
    assert_non_null(strstr(w.text, path));

    FILE *f = fopen(path, "w");
    fputs("n\n", f);
    for (int i = 0; i < 50000; i++)
        fprintf(f, "%d\n", i);
    fclose(f);
    assert_int_equal(csv_read(&c, path, &w), 0);
    assert_int_equal(c->rows, 50000);
    assert_string_equal(csv_cell(c, 49999, 0), "49999");
    csv_free(c);
    assert_true(csv_read(&c, folder, &w) < 0);
    assert_null(c);
    unlink(path);
    rmdir(folder);
}

static void put(const char *text, const char *expected)
{
    char *out = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&out, &length);
    csv_put(f, text);
    fclose(f);
    assert_string_equal(out, expected);
    free(out);
}

static void writer(void **state)
{
    (void)state;
    put("", "");
    put("plain", "plain");
    put("a,b", "\"a,b\"");
    put("say \"hi\"", "\"say \"\"hi\"\"\"");
    put("a\nb\tc\x7f", "a b c ");
    put("\xC2\xB5s \xE2\x82\xAC \xF0\x9F\x98\x80", "\xC2\xB5s \xE2\x82\xAC \xF0\x9F\x98\x80");
    put("\xFF", "?");
    put("\x80x", "?x");
    put("\xC0\xAF", "??");           /* an overlong '/' */
    put("\xED\xA0\x80", "???");      /* a surrogate */
    put("\xF4\x90\x80\x80", "????"); /* above U+10FFFF */
    put("\xE2\x82", "??");           /* cut off */
}

/* What the writer writes the reader reads. */
static void round_trip(void **state)
{
    static const char *const texts[] = {
        "", "x", "a,b", "\"", "\"\"", ",", " lead", "\xC3\xA9,\""
    };
    enum { TEXTS = sizeof texts / sizeof *texts };
    char *out = NULL;
    size_t length = 0;
    FILE *f = open_memstream(&out, &length);
    (void)state;
    for (int i = 0; i < TEXTS; i++)
        fprintf(f, "%sc%d", i ? "," : "", i);
    fputc('\n', f);
    for (int i = 0; i < TEXTS; i++) {
        if (i)
            fputc(',', f);
        csv_put(f, texts[i]);
    }
    fputc('\n', f);
    fclose(f);
    struct csv *c = parse(out);
    for (int i = 0; i < TEXTS; i++)
        assert_string_equal(csv_cell(c, 0, i), texts[i]);
    csv_free(c);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),        cmocka_unit_test(numbers), cmocka_unit_test(quotes),
        cmocka_unit_test(crlf_and_bom), cmocka_unit_test(torn),    cmocka_unit_test(header_only),
        cmocka_unit_test(refused),      cmocka_unit_test(files),   cmocka_unit_test(writer),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
