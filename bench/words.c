/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NO_BREAK "\xC2\xA0" /* a space at which no line ends */

/* Decimals that leave DIGITS significant digits in VALUE, rounding up to the next ten included. */
static int decimals(double value, int digits)
{
    value = fabs(value);
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
    while (k < 3 && round(fabs(value) * step / 1000) >= step) {
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

const char *words_size(char buffer[WORD], double bytes)
{
    static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    int k = 0;
    for (; k < 4 && round(bytes) >= 1024; k++)
        bytes /= 1024;
    if (bytes < 10)
        snprintf(buffer, WORD, "%.3g" NO_BREAK "%s", bytes, unit[k]);
    else
        snprintf(buffer, WORD, "%.0f" NO_BREAK "%s", bytes, unit[k]);
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

double words_round(double value, int digits)
{
    double step = value > 0 ? pow(10, floor(log10(value)) + 1 - digits) : 1;
    return round(value / step) * step;
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

const char *words_change(char buffer[WORD], double ratio)
{
    char factor[WORD];
    if (!isfinite(ratio))
        snprintf(buffer, WORD, "-");
    else if (ratio > 0.5 && ratio < 2)
        snprintf(buffer, WORD, "%+.1f%%", 100 * (ratio - 1));
    else
        snprintf(buffer, WORD, "x%.32s", words_factor(factor, ratio));
    return buffer;
}

const char *words_plural(char buffer[WORD], double count, const char *noun)
{
    char number[WORD];
    size_t length = strlen(noun);
    char last = length ? noun[length - 1] : 0, before = length > 1 ? noun[length - 2] : 0;
    int hisses = last == 's' || (last == 'h' && (before == 'c' || before == 's'));
    const char *ending = count == 1 ? "" : hisses ? "es" : "s";
    snprintf(buffer, WORD, "%.24s %.30s%s", words_count(number, count), noun, ending);
    return buffer;
}

int words_has(const char *list, const char *word, size_t length)
{
    for (; *list; list += strcspn(list, " "), list += strspn(list, " "))
        if (strcspn(list, " ") == length && !strncmp(list, word, length))
            return 1;
    return 0;
}

const char *words_date(char buffer[WORD], const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t i = 0;
    while (form[i] && text[i] &&
           (form[i] == 'd' ? strchr("0123456789", text[i]) != NULL : form[i] == text[i]))
        i++;
    if (form[i] || text[i])
        return text;
    snprintf(buffer, WORD, "%.10s %.5s UTC", text, text + 11);
    return buffer;
}

const char *words_cut(char *buffer, size_t room, const char *text, int letters)
{
    static const char dots[] = "…";
    size_t length = 0, fits = 0; /* FITS: so many bytes leave room for the dots */
    for (int n = 0; text[length]; length++)
        if ((text[length] & 0xC0) != 0x80) { /* a letter begins */
            if (length + sizeof dots <= room && n < letters)
                fits = length;
            if (n++ == letters)
                break;
        }
    if (!text[length] && length < room)
        memcpy(buffer, text, length + 1);
    else
        snprintf(buffer, room, "%.*s%s", (int)fits, text, dots);
    return buffer;
}
