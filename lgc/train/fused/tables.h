/* Tables: each of the 2^R entries is a probability of its own, the sigmoid of a logit.
 *
 * The gradient of an operand is the upstream one times the table's slope: the entry where the operand is set less the
 * one where it is clear, with the other operands as they are. */

enum { BANKS = 4 };

static void soften_tables(const layer_t *l, long first, long last, float *soft)
{
#pragma omp parallel for schedule(static)
    for (long i = first << l->R; i < last << l->R; i++) {
        const float small = exp_(-fabsf(l->node_logits[i]));
        soft[i] = (l->node_logits[i] < 0 ? small : 1.0f) / (1.0f + small);
    }
}

static void look_at_table(long R, long B, seen_t *seen)
{
    address_rows(R, B, seen->row, seen->address);
}

/* A table's slopes by operand s, at the address that is left without the operand's bit. */
static inline void table_slopes(long R, const float *soft, int s, float slope[MAX_ENTRIES / 2])
{
    const int step = 1 << s;
    memset(slope, 0, MAX_ENTRIES / 2 * sizeof *slope);
    for (int start = 0; start < 1 << R; start += 2 * step)
        for (int i = start; i < start + step; i++)
            *slope++ = soft[i + step] - soft[i];
}

static float quantise_table(long R, long B, seen_t *seen, int s, int16_t *q)
{
    float slope[MAX_ENTRIES / 2];
    table_slopes(R, seen->soft, s, slope);
    const float scale = integer_scale(scale_by_slopes(B, seen->up, seen->address, s, slope, seen->product));
    round_scaled(B, seen->product, scale, q);
    return scale > 0 ? 1 / scale : 0;
}

static void add_table(long R, long B, seen_t *seen, int s, float *out)
{
    float slope[MAX_ENTRIES / 2];
    table_slopes(R, seen->soft, s, slope);
    address_rows(R, B, seen->row, seen->address);
    add_by_slopes(B, seen->up, seen->address, s, slope, out);
}

/* Of an entry: the sum of the upstream gradient over the samples that read it. Neighbours go to other banks, as often
 * they read the same entry, and an addition would wait for the one before. */
static void gather_table(long R, long B, seen_t *seen)
{
    float bank[BANKS][MAX_ENTRIES] = {{0}};
    for (long b = 0; b < B; b += BANKS)
        for (int i = 0; i < BANKS; i++)
            bank[i][seen->address[b + i]] += seen->up[b + i];
    for (long e = 0; e < 1L << R; e++)
        seen->gradient[e] += (bank[0][e] + bank[1][e]) + (bank[2][e] + bank[3][e]);
}

static uint64_t learn_table(const layer_t *l, long n, const seen_t *seen, const adam_t *adam)
{
    const long entries = 1L << l->R;
    const float *g = seen->gradient;
    float *logits = l->node_logits + entries * n, *m = l->node_m + entries * n, *v = l->node_v + entries * n;
    uint64_t table = 0;
    for (long e = 0; e < entries; e++)
        adam_step(g[e] * seen->soft[e] * (1 - seen->soft[e]), logits + e, m + e, v + e, *adam);
    for (long e = 0; e < entries; e++)
        table |= (uint64_t)(logits[e] > 0) << e;
    return table;
}

static const kind_t TABLES = {soften_tables, look_at_table, gather_table, quantise_table, add_table, learn_table};
