/* Without AVX-512: loops over bits, of which the compiler makes what it can, and inputs as nibbles. */

static inline float bit_(const uint64_t *bits, long w, int i)
{
    return (float)(int32_t)(bits[w] >> i & 1);
}

static sums_t sums_by_bits(long B, const float *up, const uint64_t *a, const uint64_t *b)
{
    float all = 0, sa = 0, sb = 0, both = 0, size = 0, size_a = 0, size_b = 0;
    for (long w = 0; w < B / 64; w++)
        for (int i = 0; i < 64; i++) {
            const float fa = bit_(a, w, i), fb = bit_(b, w, i), u = up[64 * w + i], absolute = fabsf(u);
            all += u, sa += u * fa, sb += u * fb, both += u * fa * fb;
            size += absolute, size_a += absolute * fa, size_b += absolute * fb;
        }
    return (sums_t){all, sa, sb, both, size, size_a, size_b};
}

/* q = up times `set` where the bit is set and `clear` elsewhere, rounded. */
static void round_by_bits(long B, const float *up, const uint64_t *bits, float clear, float set, int16_t *q)
{
    for (long w = 0; w < B / 64; w++)
        for (int i = 0; i < 64; i++)
            q[64 * w + i] = (int16_t)lrintf(up[64 * w + i] * (bits[w] >> i & 1 ? set : clear));
}

/* out += up times `set` where the bit is set and `clear` elsewhere. */
static void add_by_bits(long B, const float *up, const uint64_t *bits, float clear, float set, float *out)
{
    for (long w = 0; w < B / 64; w++)
        for (int i = 0; i < 64; i++)
            out[64 * w + i] += up[64 * w + i] * (bits[w] >> i & 1 ? set : clear);
}

/* address[b]: the bits of sample b, one of each of R rows; the first row's is the lowest. */
static void address_rows(long R, long B, const uint64_t *const *row, uint8_t *address)
{
    memset(address, 0, (size_t)B);
    for (long s = 0; s < R; s++)
        for (long w = 0; w < B / 64; w++)
            for (int i = 0; i < 64; i++)
                address[64 * w + i] |= (uint8_t)((row[s][w] >> i & 1) << s);
}

/* The slope of operand s, which is at the place of the other operands' bits. */
static inline float slope_at(uint8_t address, int s, const float *slope)
{
    const int below = (1 << s) - 1;
    return slope[(address & below) | (address >> 1 & ~below)];
}

/* out = up times each sample's slope of operand s. Returns the sum of absolute values. */
static float scale_by_slopes(long B, const float *up, const uint8_t *address, int s, const float *slope, float *out)
{
    float size = 0;
    for (long b = 0; b < B; b++) {
        out[b] = up[b] * slope_at(address[b], s, slope);
        size += fabsf(out[b]);
    }
    return size;
}

/* out += up times each sample's slope of operand s. */
static void add_by_slopes(long B, const float *up, const uint8_t *address, int s, const float *slope, float *out)
{
    for (long b = 0; b < B; b++)
        out[b] += up[b] * slope_at(address[b], s, slope);
}

/* q = values times scale, rounded. */
static void round_scaled(long B, const float *values, float scale, int16_t *q)
{
    for (long b = 0; b < B; b++)
        q[b] = (int16_t)lrintf(values[b] * scale);
}

/* The inputs' bits in groups of four samples, nibbles (B/4, Dp): each is an index into 16 subset sums. */
static void index_inputs(long B, const uint64_t *x, long D, long Dp, uint8_t *index)
{
#pragma omp parallel for schedule(static)
    for (long k = 0; k < B / 4; k++)
        for (long d = 0; d < D; d++)
            index[k * Dp + d] = x[d * (B / 64) + k / 16] >> (k % 16 * 4) & 15;
}
