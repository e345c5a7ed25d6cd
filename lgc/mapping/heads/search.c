/* Cutting a class's votes into pieces by local search: a few neighbouring pieces are taken apart, cut again at random, and
 * that is kept if it is not dearer than a falling threshold allows (large neighbourhood search: Shaw 1998; threshold
 * accepting: Dueck and Scheuer 1990). All arithmetic is of integers, so that every machine finds the same cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shares.h"

enum { AROUND = 5, FREE = AROUND * PAIRS };

typedef struct {
    int32_t nets[NETS], edges[PAIRS], n, m, price, choice;
    const options_t *options;
} piece_t;

typedef struct {
    int32_t N, E, size, bit;
    const int32_t *ends, *q;    /* of each edge: (E, 2) nets, ascending; the product's coefficient, -7 to 7 */
    const int32_t *price;       /* (NETS + 1, BITS): of a piece by nets and bits; `bit` is a digit's */
    int32_t *rest;              /* of each net: the linear coefficient that no piece counts */
    int32_t *owner;             /* of each edge: its piece, or -1 while it is free */
    int32_t *start, *near;      /* edges of net n: near[start[n]] to near[start[n + 1]] */
    int32_t *degree, *pull;     /* of each net: free edges; those of them into the piece that grows */
    piece_t *pieces;
    int32_t *vacant, vacancies;
    options_t **table;
    uint64_t capacity, used, random;
    int failed;
} search_t;

static uint32_t draw(search_t *s, uint32_t below)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (uint32_t)((s->random >> 32) * below >> 32);
}

/* Digits of the non-adjacent form. */
static int weight(int32_t value)
{
    const uint32_t v = (uint32_t)abs(value);
    return __builtin_popcount(v ^ 3 * v);
}

static uint64_t place(const search_t *s, uint64_t key)
{
    uint64_t at = key * 0x9E3779B97F4A7C15u >> 20 & (s->capacity - 1);
    while (s->table[at] && s->table[at]->key != key)
        at = (at + 1) & (s->capacity - 1);
    return at;
}

static int widen(search_t *s)
{
    options_t **old = s->table;
    const uint64_t before = s->capacity;
    s->capacity = before ? 2 * before : 1 << 12;
    s->table = calloc(s->capacity, sizeof *s->table);
    if (!s->table)
        return 0;
    for (uint64_t i = 0; i < before; i++)
        if (old[i])
            s->table[place(s, old[i]->key)] = old[i];
    free(old);
    return 1;
}

static const options_t *options(search_t *s, int n, const int8_t *q)
{
    uint64_t key = (uint64_t)n;
    for (int i = 0; i < n * (n - 1) / 2; i++)
        key = key << 4 | (uint64_t)(q[i] & 15);
    if (2 * s->used >= s->capacity && !widen(s))
        return NULL;
    const uint64_t at = place(s, key);
    if (!s->table[at]) {
        if (!(s->table[at] = enumerate(n, q)))
            return NULL;
        s->table[at]->key = key;
        s->used++;
    }
    return s->table[at];
}

/* The option that leaves the fewest digits to its nets; `left` is their number. */
static int choose(const search_t *s, const piece_t *p, int *left)
{
    int best = 0;
    *left = 1 << 20;
    for (int c = 0; c < p->options->count; c++) {
        const int8_t *share = p->options->shares + c * p->n;
        int count = 0;
        for (int i = 0; i < p->n; i++)
            count += weight(s->rest[p->nets[i]] - share[i]);
        if (count < *left)
            *left = count, best = c;
    }
    return best;
}

static void move(search_t *s, const piece_t *p, int sign)
{
    const int8_t *share = p->options->shares + p->choice * p->n;
    for (int i = 0; i < p->n; i++)
        s->rest[p->nets[i]] += sign * share[i];
}

static void add(search_t *s, const piece_t *p)
{
    const int32_t id = s->vacant[--s->vacancies];
    s->pieces[id] = *p;
    for (int i = 0; i < p->m; i++) {
        const int32_t e = p->edges[i];
        s->owner[e] = id;
        s->degree[s->ends[2 * e]]--, s->degree[s->ends[2 * e + 1]]--;
    }
    move(s, p, -1);
}

static void drop(search_t *s, int32_t id)
{
    const piece_t *p = s->pieces + id;
    for (int i = 0; i < p->m; i++) {
        const int32_t e = p->edges[i];
        s->owner[e] = -1;
        s->degree[s->ends[2 * e]]++, s->degree[s->ends[2 * e + 1]]++;
    }
    move(s, p, 1);
    s->vacant[s->vacancies++] = id;
}

static int other(const search_t *s, int32_t edge, int32_t net)
{
    return s->ends[2 * edge] == net ? s->ends[2 * edge + 1] : s->ends[2 * edge];
}

/* Nets, options and price of the free edges `p->edges`. Whether there was memory. */
static int describe(search_t *s, piece_t *p, const int32_t *members)
{
    int8_t q[PAIRS] = {0};
    for (int i = 0; i < p->n; i++) {
        int k = i;
        for (; k > 0 && p->nets[k - 1] > members[i]; k--)
            p->nets[k] = p->nets[k - 1];
        p->nets[k] = members[i];
    }
    for (int i = 0; i < p->m; i++) {
        const int32_t *ends = s->ends + 2 * p->edges[i];
        int a = 0, b = 0;
        while (p->nets[a] != ends[0])
            a++;
        while (p->nets[b] != ends[1])
            b++;
        q[a * (2 * p->n - a - 1) / 2 + b - a - 1] = (int8_t)s->q[p->edges[i]];
    }
    p->options = options(s, p->n, q);
    if (!p->options)
        return 0;
    p->price = s->price[p->n * BITS + p->options->bits];
    return 1;
}

/* Grow a piece of free edges from a net: each time the net with the most edges into it, or nearly, and the fewest left
 * behind; the beginning that is cheapest an edge is kept. */
static int grow(search_t *s, int32_t first, piece_t *best)
{
    int32_t members[NETS], touched[NETS * 64], touches = 0;
    piece_t p = {.n = 1};
    int best_rate = 0, best_m = 0;
    members[0] = first;
    s->pull[first] = INT32_MIN / 2;
    while (1) {
        const int32_t newest = members[p.n - 1];
        for (int32_t i = s->start[newest]; i < s->start[newest + 1]; i++) {
            const int32_t net = other(s, s->near[i], newest);
            if (s->owner[s->near[i]] >= 0 || s->pull[net] < 0 || (!s->pull[net] && touches == NETS * 64))
                continue;
            if (!s->pull[net]++)
                touched[touches++] = net;
        }
        if (p.n == s->size)
            break;
        int32_t next = -1, most = INT32_MIN;
        for (int i = 0; i < touches; i++) {
            const int32_t net = touched[i];
            if (s->pull[net] <= 0)
                continue;
            const int32_t noise = (int32_t)draw(s, 2) * (int32_t)draw(s, 1200);
            const int32_t key = 64 * (1000 * s->pull[net] + noise) - 1000 * s->degree[net] + (int32_t)draw(s, 1500);
            if (key > most)
                most = key, next = net;
        }
        if (next < 0)
            break;
        for (int k = 0; k < p.n; k++)
            for (int32_t i = s->start[next]; i < s->start[next + 1]; i++)
                if (s->owner[s->near[i]] < 0 && other(s, s->near[i], next) == members[k])
                    p.edges[p.m++] = s->near[i];
        s->pull[next] = INT32_MIN / 2;
        members[p.n++] = next;
        int before = 0, left = 0;
        if (!describe(s, &p, members))
            return 0;
        p.choice = choose(s, &p, &left);
        for (int i = 0; i < p.n; i++)
            before += weight(s->rest[p.nets[i]]);
        const int rate = p.price + s->bit * (left - before);
        if (!best_m || (int64_t)rate * best_m <= (int64_t)best_rate * p.m)
            *best = p, best_rate = rate, best_m = p.m;
    }
    s->pull[first] = 0;
    for (int i = 0; i < touches; i++)
        s->pull[touched[i]] = 0;
    return 1;
}

/* Put all free edges of these nets into pieces, beginning where the fewest are left. The number of pieces, -1 without memory. */
static int cover(search_t *s, const int32_t *nets, int count, int32_t *ids)
{
    for (int made = 0;; made++) {
        int32_t least = INT32_MAX, choices = 0, first = -1;
        const int slack = !draw(s, 3);
        for (int i = 0; i < count; i++)
            if (s->degree[nets[i]] && s->degree[nets[i]] < least)
                least = s->degree[nets[i]];
        for (int i = 0; i < count; i++)
            if (s->degree[nets[i]] && s->degree[nets[i]] <= least + slack && !draw(s, (uint32_t)++choices))
                first = nets[i];
        if (first < 0)
            return made;
        piece_t piece;
        ids[made] = s->vacant[s->vacancies - 1];
        if (!grow(s, first, &piece))
            return -1;
        add(s, &piece);
    }
}

/* Choose each piece's shares anew, so that few digits are left to count. */
static void settle(search_t *s, const int32_t *ids, int count, int passes)
{
    for (int changed = 1; changed && passes; passes--) {
        changed = 0;
        for (int i = 0; i < count; i++) {
            piece_t *p = s->pieces + ids[i];
            int left = 0, now = 0;
            move(s, p, 1);
            const int8_t *share = p->options->shares + p->choice * p->n;
            for (int k = 0; k < p->n; k++)
                now += weight(s->rest[p->nets[k]] - share[k]);
            const int best = choose(s, p, &left);
            if (left < now)
                p->choice = best, changed = 1;
            move(s, p, -1);
        }
    }
}

static int gather(search_t *s, int32_t net, int32_t *ids, int count)
{
    for (int32_t i = s->start[net]; i < s->start[net + 1] && count < AROUND; i++) {
        const int32_t id = s->owner[s->near[i]];
        int k = 0;
        while (k < count && ids[k] != id)
            k++;
        if (k == count)
            ids[count++] = id;
    }
    return count;
}

static int nets_of(const search_t *s, const int32_t *ids, int count, int32_t *nets)
{
    int size = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < s->pieces[ids[i]].n; k++) {
            int at = 0;
            while (at < size && nets[at] != s->pieces[ids[i]].nets[k])
                at++;
            if (at == size)
                nets[size++] = s->pieces[ids[i]].nets[k];
        }
    return size;
}

static int cost(const search_t *s, const int32_t *ids, int count, const int32_t *nets, int size)
{
    int total = 0;
    for (int i = 0; i < count; i++)
        total += s->pieces[ids[i]].price;
    for (int i = 0; i < size; i++)
        total += s->bit * weight(s->rest[nets[i]]);
    return total;
}

/* Take a few pieces around a net apart and cut their edges anew; undone if that costs more than `slack`. */
static int improve(search_t *s, int32_t net, int slack)
{
    int32_t old[AROUND], made[FREE], nets[AROUND * NETS];
    piece_t saved[AROUND];
    int count = gather(s, net, old, 0);
    if (count && draw(s, 2)) {
        const piece_t *p = s->pieces + old[draw(s, (uint32_t)count)];
        count = gather(s, p->nets[draw(s, (uint32_t)p->n)], old, count);
    }
    const int size = nets_of(s, old, count, nets), before = cost(s, old, count, nets, size);
    for (int i = 0; i < count; i++) {
        saved[i] = s->pieces[old[i]];
        drop(s, old[i]);
    }
    const int fresh = cover(s, nets, size, made);
    if (fresh < 0)
        return 0;
    settle(s, made, fresh, 2);
    if (cost(s, made, fresh, nets, size) <= before + slack)
        return 1;
    for (int i = 0; i < fresh; i++)
        drop(s, made[i]);
    for (int i = 0; i < count; i++)
        add(s, saved + i);
    return 1;
}

static int run(search_t *s, int64_t rounds, int slack, int32_t *all)
{
    for (int32_t i = 0; i < s->N; i++)
        all[i] = i;
    const int made = cover(s, all, s->N, all + s->N);
    if (made < 0)
        return 0;
    settle(s, all + s->N, made, 4);
    for (int64_t round = 0; round < rounds && s->N; round++) {
        int luck = 0; /* about an exponential variate, in halvings */
        while (luck < 16 && draw(s, 2))
            luck++;
        const int allowed = (int)(slack * (rounds - round) / rounds * luck);
        if (!improve(s, (int32_t)draw(s, (uint32_t)s->N), allowed))
            return 0;
    }
    return 1;
}

/* Cut E edges between N nets. `owner` gets each edge's piece, `shares` (E, NETS) a piece's linear coefficients by its nets,
 * ascending; `rest` holds each net's linear coefficient, and gets what of it no piece counts. The number of pieces, or -1
 * without memory. */
int32_t lgc_search(int32_t N, int32_t E, int32_t size, int32_t bit, const int32_t *ends, const int32_t *q,
                   const int32_t *price, int32_t *start, int32_t *near, int32_t *rest, int32_t *owner, int32_t *shares,
                   int64_t rounds, int32_t slack, uint64_t seed)
{
    search_t s = {.N = N, .E = E, .size = size, .bit = bit, .ends = ends, .q = q, .price = price, .rest = rest,
                  .owner = owner, .start = start, .near = near, .vacancies = E + 1, .random = seed};
    int32_t *memory = calloc((size_t)(4 * (size_t)N + 3 * (size_t)E + 8), sizeof *memory), pieces = -1;
    s.pieces = calloc((size_t)E + 1, sizeof *s.pieces);
    if (memory && s.pieces) {
        s.degree = memory, s.pull = memory + N, s.vacant = memory + 2 * N;
        int32_t *all = s.vacant + E + 1, *number = all + N + E + 1;
        for (int32_t i = 0; i <= E; i++)
            s.vacant[i] = E - i;
        for (int32_t n = 0; n < N; n++)
            s.degree[n] = start[n + 1] - start[n];
        for (int32_t e = 0; e < E; e++)
            owner[e] = -1;
        if (run(&s, rounds, slack, all)) {
            pieces = 0;
            for (int32_t e = 0; e < E; e++) {
                const piece_t *p = s.pieces + owner[e];
                if (p->edges[0] != e)
                    continue;
                for (int i = 0; i < p->n; i++)
                    shares[pieces * NETS + i] = p->options->shares[p->choice * p->n + i];
                number[owner[e]] = pieces++;
            }
            for (int32_t e = 0; e < E; e++)
                owner[e] = number[owner[e]];
        }
    }
    for (uint64_t i = 0; i < s.capacity && s.table; i++)
        if (s.table[i]) {
            free(s.table[i]->shares);
            free(s.table[i]);
        }
    free(s.table);
    free(s.pieces);
    free(memory);
    return pieces;
}
