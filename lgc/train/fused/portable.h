/* Without AVX2: subset sums of four samples, looked up one at a time. */

static void subset_sums(long B, const int16_t *q, int16_t table[][16])
{
    for (long k = 0; k < B / 4; k++, q += 4)
        for (int s = 0; s < 16; s++)
            table[k][s] = (int16_t)((s & 1 ? q[0] : 0) + (s & 2 ? q[1] : 0) + (s & 4 ? q[2] : 0) + (s & 8 ? q[3] : 0));
}

/* g[s][d] = unit[s] * sum_b q[s][b] x[d][b] of one or two operands, for all d below Dp. */
static void all_sums(int operands, long B, long Dp, int16_t q[2][ROUNDED], const float unit[2], const uint8_t *index,
                     float *const g[2])
{
    int16_t table[MAX_BATCH / 4][16];
    for (int s = 0; s < operands; s++) {
        subset_sums(B, q[s], table);
        memset(g[s], 0, (size_t)Dp * sizeof *g[s]);
        for (long k = 0; k < B / 4; k++)
            for (long d = 0; d < Dp; d++)
                g[s][d] += table[k][index[k * Dp + d]];
        for (long d = 0; d < Dp; d++)
            g[s][d] *= unit[s];
    }
}

/* g[k] = unit * sum_b q[b] x[picks[k]][b]. */
static void picked_sums(long B, const picks_t *from, const int16_t *q, float unit, float *g)
{
    int16_t table[MAX_BATCH / 4][16];
    subset_sums(B, q, table);
    for (long k = 0; k < from->K; k++) {
        const uint64_t *row = from->x + from->picks[k] * (B / 64);
        int32_t sum = 0;
        for (long i = 0; i < B / 4; i++)
            sum += table[i][row[i / 16] >> (i % 16 * 4) & 15];
        g[k] = unit * (float)sum;
    }
}
