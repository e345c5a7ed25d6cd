
#ifdef LGC_MAIN
/* Self-test: cc -DLGC_MAIN this-file.c. The expected hash is the reference interpreter's. */
#include <stdio.h>
#include <stdlib.h>

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t hash_scores(uint64_t hash, const int32_t *scores, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        hash = (hash ^ (uint32_t)scores[i]) * 0x100000001b3u;
    return hash;
}

int main(void)
{
    uint8_t *rows = malloc(SELFTEST_SAMPLES * ROW_BYTES);
    int32_t *scores = malloc(SELFTEST_SAMPLES * CLASSES * sizeof(int32_t));
    int32_t *classes = malloc(SELFTEST_SAMPLES * sizeof(int32_t));
    void *memory = malloc(NAME(workspace_size)());
    uint64_t state = SELFTEST_SEED, all, one = SELFTEST_BASIS;
    size_t i;
    if (!rows || !scores || !classes || !memory) {
        puts("not checked: out of memory");
        return 3;
    }
    for (i = 0; i < SELFTEST_SAMPLES * ROW_BYTES; i++)
        rows[i] = (uint8_t)(next_random(&state) >> 56);
    NAME(run_bits)(rows, SELFTEST_SAMPLES, scores, classes, memory);
    all = hash_scores(SELFTEST_BASIS, scores, SELFTEST_SAMPLES * CLASSES);
    all = hash_scores(all, classes, SELFTEST_SAMPLES);
    for (i = 0; i < SELFTEST_SAMPLES; i++) /* batches of one give the same */
        NAME(run_bits)(rows + i * ROW_BYTES, 1, scores + i * CLASSES, classes + i, memory);
    one = hash_scores(one, scores, SELFTEST_SAMPLES * CLASSES);
    one = hash_scores(one, classes, SELFTEST_SAMPLES);
    free(rows);
    free(scores);
    free(classes);
    free(memory);
    if (all != SELFTEST_HASH || one != SELFTEST_HASH) {
        puts("FAILED: the scores differ from the model's");
        return 1;
    }
    printf("ok: %u samples, every score and class\n", (unsigned)SELFTEST_SAMPLES);
    return 0;
}
#endif
