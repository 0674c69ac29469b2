/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NO_BREAK "\xC2\xA0" /* a space at which no line ends */

/* Decimals that leave DIGITS significant digits in VALUE, rounding up to the next ten included. */
static int decimals(double value, int digits)
{
    if (!(value > 0))
        return 0;
    int places = digits - 1 - (int)floor(log10(value));
    if (places > 0 &&
        floor(log10(round(value * pow(10, places)) / pow(10, places))) > floor(log10(value)))
        places--;
    return places > 0 ? places : 0;
}

static void drop_zeros(char *text)
{
    if (!strchr(text, '.'))
        return;
    char *end = text + strlen(text);
    while (end[-1] == '0')
        end--;
    if (end[-1] == '.')
        end--;
    *end = 0;
}

const char *words_time(char buffer[WORD], double ns, int digits)
{
    static const char *const unit[] = { "ns", "µs", "ms", "s" };
    double step = pow(10, digits), value = ns;
    int k = 0;
    /* 999.96 µs with three digits is 1 ms, not 1000 µs */
    while (k < 3 && round(value * step / 1000) >= step) {
        value /= 1000;
        k++;
    }
    char number[WORD - 8];
    snprintf(number, sizeof number, "%.*f", decimals(value, digits), value);
    if (digits < 3 || value == round(value))
        drop_zeros(number);
    snprintf(buffer, WORD, "%s" NO_BREAK "%s", number, unit[k]);
    return buffer;
}

const char *words_count(char buffer[WORD], double count)
{
    char plain[WORD / 2];
    int length = snprintf(plain, sizeof plain, "%.0f", count), out = 0;
    if (length >= (int)sizeof plain)
        length = sizeof plain - 1;
    for (int i = 0; i < length; i++) {
        buffer[out++] = plain[i];
        if (i + 1 < length && (length - i - 1) % 3 == 0 && plain[i] != '-')
            buffer[out++] = ',';
    }
    buffer[out] = 0;
    return buffer;
}

const char *words_kib(char buffer[WORD], double kib)
{
    static const char *const unit[] = { "KiB", "MiB", "GiB", "TiB" };
    int k = 0;
    for (; kib >= 1024 && k < 3; k++)
        kib /= 1024;
    snprintf(buffer, WORD, kib < 10 ? "%.3g %s" : "%.0f %s", kib, unit[k]);
    return buffer;
}

const char *words_factor(char buffer[WORD], double factor)
{
    snprintf(buffer, WORD, "%.*f", decimals(factor, 2), factor);
    return buffer;
}

/* "5%", "7.8 times": by how much. */
static void by_how_much(char buffer[WORD / 2], double ratio)
{
    double factor = ratio < 1 ? 1 / ratio : ratio, percent = 100 * (factor - 1);
    if (factor >= 1.995)
        snprintf(buffer, WORD / 2, "%.*f times", decimals(factor, 2), factor);
    else
        snprintf(buffer, WORD / 2, "%.*f%%", percent < 9.5 ? 1 : 0, percent);
}

const char *words_slower(char buffer[WORD], double ratio)
{
    char much[WORD / 2];
    by_how_much(much, ratio);
    snprintf(buffer, WORD, "%s %s", much, ratio < 1 ? "faster" : "slower");
    return buffer;
}

const char *words_slower_range(char buffer[WORD], double low, double high)
{
    char from[WORD / 2], to[WORD / 2];
    by_how_much(from, low);
    by_how_much(to, high);
    if (low < 1 && high >= 1)
        snprintf(buffer, WORD, "%.16s faster to %.16s slower", from, to);
    else if (high < 1)
        snprintf(buffer, WORD, "%.16s to %.16s faster", to, from);
    else
        snprintf(buffer, WORD, "%.16s to %.16s slower", from, to);
    return buffer;
}

const char *words_plural(char buffer[WORD], double count, const char *noun)
{
    char number[WORD];
    size_t length = strlen(noun);
    const char *ending = count == 1 ? "" : length && noun[length - 1] == 's' ? "es" : "s";
    snprintf(buffer, WORD, "%.24s %.30s%s", words_count(number, count), noun, ending);
    return buffer;
}
