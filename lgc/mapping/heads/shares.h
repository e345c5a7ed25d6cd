/* The linear shares of a piece: of its products' sum all those with which it counts in as few bits as it can. */
#include <stdint.h>
#include <stdlib.h>

enum { NETS = 6, PAIRS = 15, CORNERS = 1 << NETS, BITS = 16 };

/* Linear shares (count, nets), all with which products count in as few bits as they can. */
typedef struct {
    uint64_t key; /* the products' coefficients; 0: empty */
    int32_t count, bits;
    int8_t *shares;
} options_t;

/* Bits of a function that is 0 somewhere, given at every corner. */
static int bits_of(const int16_t *values)
{
    int16_t least = 0, most = 0, all = 0;
    for (int x = 0; x < CORNERS; x++) {
        least = values[x] < least ? values[x] : least;
        most = values[x] > most ? values[x] : most;
        all |= values[x];
    }
    const unsigned span = all ? (unsigned)(most - least) >> __builtin_ctz((unsigned)all) : 0;
    return span ? 32 - __builtin_clz(span) : 0;
}

static void shift(int16_t *values, int net, int by)
{
    for (int x = 0; x < CORNERS; x++)
        values[x] += (int16_t)(by * (x >> net & 1));
}

/* Every share around the middle, where positive and negative terms balance, that gives the fewest bits. */
static options_t *enumerate(int n, const int8_t *q)
{
    int16_t values[CORNERS] = {0};
    int low[NETS], high[NETS], share[NETS] = {0}, sums[NETS] = {0}, at = 0, count = 1;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++, at++) {
            sums[i] += q[at], sums[j] += q[at];
            for (int x = 0; x < CORNERS; x++)
                values[x] += (int16_t)(q[at] * (x >> i & x >> j & 1));
        }
    for (int i = 0; i < n; i++) {
        const int odd = sums[i] & 1, middle = -(sums[i] - odd) / 2;
        low[i] = share[i] = middle - odd - 1, high[i] = middle + 1;
        shift(values, i, low[i]);
        count *= high[i] - low[i] + 1;
    }
    options_t *o = calloc(1, sizeof *o);
    if (!o || !(o->shares = malloc((size_t)(count * n)))) {
        free(o);
        return NULL;
    }
    o->bits = BITS - 1;
    for (int i = 0; i < n;) {
        const int bits = bits_of(values);
        if (bits < o->bits)
            o->bits = bits, o->count = 0;
        if (bits == o->bits) {
            for (int k = 0; k < n; k++)
                o->shares[o->count * n + k] = (int8_t)share[k];
            o->count++;
        }
        for (i = 0; i < n && share[i] == high[i]; i++) {
            shift(values, i, low[i] - high[i]);
            share[i] = low[i];
        }
        if (i < n) {
            shift(values, i, 1);
            share[i]++;
        }
    }
    int8_t *shares = realloc(o->shares, (size_t)(o->count * n));
    o->shares = shares ? shares : o->shares;
    return o;
}
