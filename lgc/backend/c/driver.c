
/* Around the kernel: samples in, scores and classes out, one block of words at a time. */

#define BLOCK_SAMPLES ((size_t)LGC_WORD_BITS)

typedef struct {
    cell block[LANE_BITS];
    cell inputs[LGC_VECTORS * INPUT_WORDS];
    word scratch[LGC_VECTORS * SCRATCH_WORDS];
    word planes[LGC_VECTORS * PLANE_WORDS];
} workspace;

#define ALIGNMENT ((size_t)64)

static workspace *aligned(void *memory)
{
    return (workspace *)(((uintptr_t)memory + ALIGNMENT - 1u) / ALIGNMENT * ALIGNMENT);
}

/* Exchange the bits of column c+j in row k with those of column c in row k+j. */
#define SWAP(low, high, j, mask)                     \
    do {                                             \
        word t = ((low >> (j)) ^ high) & (lane)mask; \
        low ^= t << (j);                             \
        high ^= t;                                   \
    } while (0)

/* Three levels of exchanges among eight rows, `step` apart. In registers: compilers do not unroll such loops at -O2. */
#define SWAP_8(a, step, j, mask4, mask2, mask1)                                                    \
    do {                                                                                           \
        word r0 = (a)[0].w, r1 = (a)[(step)].w, r2 = (a)[2u * (step)].w, r3 = (a)[3u * (step)].w;  \
        word r4 = (a)[4u * (step)].w, r5 = (a)[5u * (step)].w;                                     \
        word r6 = (a)[6u * (step)].w, r7 = (a)[7u * (step)].w;                                     \
        SWAP(r0, r4, 4u * (j), mask4);                                                             \
        SWAP(r1, r5, 4u * (j), mask4);                                                             \
        SWAP(r2, r6, 4u * (j), mask4);                                                             \
        SWAP(r3, r7, 4u * (j), mask4);                                                             \
        SWAP(r0, r2, 2u * (j), mask2);                                                             \
        SWAP(r1, r3, 2u * (j), mask2);                                                             \
        SWAP(r4, r6, 2u * (j), mask2);                                                             \
        SWAP(r5, r7, 2u * (j), mask2);                                                             \
        SWAP(r0, r1, (j), mask1);                                                                  \
        SWAP(r2, r3, (j), mask1);                                                                  \
        SWAP(r4, r5, (j), mask1);                                                                  \
        SWAP(r6, r7, (j), mask1);                                                                  \
        (a)[0].w = r0, (a)[(step)].w = r1, (a)[2u * (step)].w = r2, (a)[3u * (step)].w = r3;       \
        (a)[4u * (step)].w = r4, (a)[5u * (step)].w = r5;                                          \
        (a)[6u * (step)].w = r6, (a)[7u * (step)].w = r7;                                          \
    } while (0)

/* Transpose the bit matrix of each lane: bit r of row k becomes what bit k of row r was. */
static void transpose(cell *a)
{
    unsigned g;
    for (g = 0; g < 8u; g++) {
#if LANE_BITS == 64u
        SWAP_8(a + g, 8u, 8u, 0x00000000ffffffffu, 0x0000ffff0000ffffu, 0x00ff00ff00ff00ffu);
#else
        SWAP(a[g].w, a[g + 16u].w, 16u, 0x0000ffffu);
        SWAP(a[g + 8u].w, a[g + 24u].w, 16u, 0x0000ffffu);
        SWAP(a[g].w, a[g + 8u].w, 8u, 0x00ff00ffu);
        SWAP(a[g + 16u].w, a[g + 24u].w, 8u, 0x00ff00ffu);
#endif
    }
    for (g = 0; g < LANE_BITS; g += 8u)
        SWAP_8(a + g, 1u, 1u, 0x0f0f0f0f0f0f0f0fu, 0x3333333333333333u, 0x5555555555555555u);
}

/* Sample (lane j, row r) of a block. */
#define SAMPLE(j, r) ((size_t)(j) * LANE_BITS + (r))

/* The class of each sample in binary. A bit-sliced comparison per class replaces the best so far. */
static void classes_of(word *planes, size_t samples, int32_t *classes, cell *block)
{
    unsigned c, w, j, r;
    word *best = planes; /* class 0 is not read again */
    for (r = 0; r < LANE_BITS; r++)
        block[r].w = (word){0};
    for (c = 1; c < CLASSES; c++) {
        const word *p = planes + c * PLANES;
        word wins = (word){0};
#if TIE_LAST
        wins = ~wins;
#endif
        for (w = 0; w < PLANES; w++)
            wins ^= (best[w] ^ p[w]) & (wins ^ p[w]);
        for (w = 0; w < PLANES; w++)
            best[w] ^= (best[w] ^ p[w]) & wins;
        for (w = 0; w < CLASS_BITS; w++) {
            if (c >> w & 1u)
                block[w].w |= wins;
            else
                block[w].w &= ~wins;
        }
    }
    transpose(block);
    for (j = 0; j < LANES && SAMPLE(j, 0) < samples; j++)
        for (r = 0; r < LANE_BITS && SAMPLE(j, r) < samples; r++)
            classes[SAMPLE(j, r)] = (int32_t)block[r].l[j];
}

/* Scores are exact modulo 2^32, and the emitter has made sure that they fit. */
#define FIELD_BITS (PLANES < 32u ? PLANES : 32u)
#define FIELD_MASK ((lane)(0xffffffffu >> (32u - FIELD_BITS)))
#define PER_LANE (LANE_BITS / FIELD_BITS)

static void scores_of(const word *planes, size_t samples, int32_t *scores, cell *block)
{
    unsigned first, c, w, j, r;
    for (first = 0; first < CLASSES; first += PER_LANE) {
        unsigned count = CLASSES - first < PER_LANE ? CLASSES - first : PER_LANE;
        for (c = 0; c < count; c++)
            for (w = 0; w < FIELD_BITS; w++)
                block[c * FIELD_BITS + w].w = planes[(first + c) * PLANES + w];
        for (r = count * FIELD_BITS; r < LANE_BITS; r++)
            block[r].w = (word){0};
        transpose(block);
        for (j = 0; j < LANES && SAMPLE(j, 0) < samples; j++)
            for (r = 0; r < LANE_BITS && SAMPLE(j, r) < samples; r++) {
                int32_t *out = scores + SAMPLE(j, r) * CLASSES + first;
                lane fields = block[r].l[j];
                for (c = 0; c < count; c++)
                    out[c] = (int32_t)((uint32_t)(fields >> c * FIELD_BITS & FIELD_MASK) + BASE);
            }
    }
}

/* Run the kernel over what has been loaded, and write the results of `samples` samples. */
static void finish(workspace *ws, size_t samples, int32_t *scores, int32_t *classes)
{
    size_t v, vectors = (samples + BLOCK_SAMPLES - 1u) / BLOCK_SAMPLES;
    evaluate(&ws->inputs[0].w, ws->scratch, ws->planes, vectors);
    for (v = 0; v < vectors; v++) {
        size_t start = v * BLOCK_SAMPLES;
        size_t left = samples - start < BLOCK_SAMPLES ? samples - start : BLOCK_SAMPLES;
        if (scores)
            scores_of(ws->planes + v * PLANE_WORDS, left, scores + start * CLASSES, ws->block);
        if (classes)
            classes_of(ws->planes + v * PLANE_WORDS, left, classes + start, ws->block);
    }
}

/* One entry point for rows of one type, `stride` elements long. The rows' lanes go where the transposed words will be. */
#define DEFINE_RUN(form, type, stride)                                                                  \
    static void load_##form(const type *rows, size_t samples, cell *inputs)                             \
    {                                                                                                   \
        size_t i;                                                                                       \
        if (samples < BLOCK_SAMPLES)                                                                    \
            for (i = 0; i < INPUT_WORDS; i++)                                                           \
                inputs[i].w = (word){0};                                                                \
        for (i = 0; i < samples && i < BLOCK_SAMPLES; i++)                                              \
            row_##form(rows + i * (stride), &inputs[i % LANE_BITS].l[i / LANE_BITS]);                   \
        for (i = 0; i < ROW_LANES; i++)                                                                 \
            transpose(inputs + i * LANE_BITS);                                                          \
    }                                                                                                   \
                                                                                                        \
    void NAME(run_##form)(const type *rows, size_t n, int32_t *scores, int32_t *classes, void *memory)  \
    {                                                                                                   \
        workspace *ws = aligned(memory);                                                                \
        while (n > 0) {                                                                                 \
            size_t samples = n < LGC_VECTORS * BLOCK_SAMPLES ? n : LGC_VECTORS * BLOCK_SAMPLES, start;  \
            for (start = 0; start < samples; start += BLOCK_SAMPLES)                                    \
                load_##form(rows + start * (stride), samples - start,                                   \
                            ws->inputs + start / BLOCK_SAMPLES * INPUT_WORDS);                          \
            finish(ws, samples, scores, classes);                                                       \
            rows += samples * (stride);                                                                 \
            scores = scores ? scores + samples * CLASSES : scores;                                      \
            classes = classes ? classes + samples : classes;                                            \
            n -= samples;                                                                               \
        }                                                                                               \
    }

DEFINE_RUN(bits, uint8_t, ROW_BYTES)
DEFINE_RUN(bools, uint8_t, BITS)
DEFINE_RUN(u8, uint8_t, FEATURES)
#if HAS_THRESHOLDS
DEFINE_RUN(f32, float, FEATURES)
DEFINE_RUN(f64, double, FEATURES)
#endif

/* Bit planes need no transposition: bit s%64 of word s/64 of plane i is bit i of sample s. */
static void load_planes(const uint64_t *planes, size_t words, size_t start, cell *inputs)
{
    unsigned i, j;
    for (i = 0; i < BITS; i++) {
        for (j = 0; j < LANES; j++) {
            size_t at = start + SAMPLE(j, 0);
            inputs[i].l[j] = at / 64u < words ? (lane)(planes[i * words + at / 64u] >> (at % 64u)) : 0;
        }
    }
}

void NAME(run_planes)(const uint64_t *planes, size_t words, size_t n, int32_t *scores, int32_t *classes, void *memory)
{
    workspace *ws = aligned(memory);
    size_t first, start, samples;
    for (first = 0; first < n; first += samples) {
        samples = n - first < LGC_VECTORS * BLOCK_SAMPLES ? n - first : LGC_VECTORS * BLOCK_SAMPLES;
        for (start = 0; start < samples; start += BLOCK_SAMPLES)
            load_planes(planes, words, first + start, ws->inputs + start / BLOCK_SAMPLES * INPUT_WORDS);
        finish(ws, samples, scores ? scores + first * CLASSES : scores, classes ? classes + first : classes);
    }
}

size_t NAME(workspace_size)(void)
{
    return sizeof(workspace) + ALIGNMENT - 1u;
}
