
/* Around the kernel: samples in, scores and classes out, one block of words at a time. */

#define BLOCK_SAMPLES ((size_t)LGC_WORD_BITS)

typedef struct {
    cell block[LANE_BITS];
    word inputs[LGC_VECTORS * INPUT_WORDS];
    word scratch[LGC_VECTORS * SCRATCH_WORDS];
    word planes[LGC_VECTORS * PLANE_WORDS];
} workspace;

#define ALIGNMENT ((size_t)64)

static workspace *aligned(void *memory)
{
    return (workspace *)(((uintptr_t)memory + ALIGNMENT - 1u) / ALIGNMENT * ALIGNMENT);
}

/* Exchange the bits of column c+j in row k with those of column c in row k+j. */
#define SWAP(j, mask)                                             \
    for (k = 0; k < LANE_BITS; k = ((k | (j)) + 1u) & ~(j)) {     \
        word t = ((a[k].w >> (j)) ^ a[k | (j)].w) & (lane)(mask); \
        a[k].w ^= t << (j);                                       \
        a[k | (j)].w ^= t;                                        \
    }

/* Transpose the bit matrix of each lane: bit r of row k becomes what bit k of row r was. */
static void transpose(cell *a)
{
    unsigned k;
#if LANE_BITS == 64u
    SWAP(32u, 0x00000000ffffffffu)
    SWAP(16u, 0x0000ffff0000ffffu)
    SWAP(8u, 0x00ff00ff00ff00ffu)
    SWAP(4u, 0x0f0f0f0f0f0f0f0fu)
    SWAP(2u, 0x3333333333333333u)
    SWAP(1u, 0x5555555555555555u)
#else
    SWAP(16u, 0x0000ffffu)
    SWAP(8u, 0x00ff00ffu)
    SWAP(4u, 0x0f0f0f0fu)
    SWAP(2u, 0x33333333u)
    SWAP(1u, 0x55555555u)
#endif
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
    evaluate(ws->inputs, ws->scratch, ws->planes, vectors);
    for (v = 0; v < vectors; v++) {
        size_t start = v * BLOCK_SAMPLES;
        size_t left = samples - start < BLOCK_SAMPLES ? samples - start : BLOCK_SAMPLES;
        if (scores)
            scores_of(ws->planes + v * PLANE_WORDS, left, scores + start * CLASSES, ws->block);
        if (classes)
            classes_of(ws->planes + v * PLANE_WORDS, left, classes + start, ws->block);
    }
}

/* One entry point for rows of one type. LANE(row, i) gives bits i*LANE_BITS and up of a row. */
#define DEFINE_RUN(form, type, stride, LANE)                                                              \
    static void load_##form(const type *rows, size_t samples, word *inputs, cell *block)                  \
    {                                                                                                     \
        unsigned i, j, r;                                                                                 \
        for (i = 0; i * LANE_BITS < BITS; i++) {                                                          \
            unsigned count = LANE_COUNT(i);                                                               \
            for (j = 0; j < LANES; j++)                                                                   \
                for (r = 0; r < LANE_BITS; r++)                                                           \
                    block[r].l[j] = SAMPLE(j, r) < samples ? LANE(rows + SAMPLE(j, r) * (stride), i) : 0; \
            transpose(block);                                                                             \
            for (r = 0; r < count; r++)                                                                   \
                inputs[i * LANE_BITS + r] = block[r].w;                                                   \
        }                                                                                                 \
    }                                                                                                     \
                                                                                                          \
    void NAME(run_##form)(const type *rows, size_t n, int32_t *scores, int32_t *classes, void *memory)    \
    {                                                                                                     \
        workspace *ws = aligned(memory);                                                                  \
        while (n > 0) {                                                                                   \
            size_t samples = n < LGC_VECTORS * BLOCK_SAMPLES ? n : LGC_VECTORS * BLOCK_SAMPLES, start;    \
            for (start = 0; start < samples; start += BLOCK_SAMPLES)                                      \
                load_##form(rows + start * (stride), samples - start,                                     \
                            ws->inputs + start / BLOCK_SAMPLES * INPUT_WORDS, ws->block);                 \
            finish(ws, samples, scores, classes);                                                         \
            rows += samples * (stride);                                                                   \
            scores = scores ? scores + samples * CLASSES : scores;                                        \
            classes = classes ? classes + samples : classes;                                              \
            n -= samples;                                                                                 \
        }                                                                                                 \
    }

DEFINE_RUN(bits, uint8_t, ROW_BYTES, lane_of_bits)
DEFINE_RUN(u8, uint8_t, FEATURES, lane_of_u8)
#if HAS_THRESHOLDS
DEFINE_RUN(f32, float, FEATURES, lane_of_f32)
DEFINE_RUN(f64, double, FEATURES, lane_of_f64)
#endif

/* Bit planes need no transposition: bit s%64 of word s/64 of plane i is bit i of sample s. */
static void load_planes(const uint64_t *planes, size_t words, size_t start, word *inputs)
{
    unsigned i, j;
    for (i = 0; i < BITS; i++) {
        cell value;
        for (j = 0; j < LANES; j++) {
            size_t at = start + SAMPLE(j, 0);
            value.l[j] = at / 64u < words ? (lane)(planes[i * words + at / 64u] >> (at % 64u)) : 0;
        }
        inputs[i] = value.w;
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
