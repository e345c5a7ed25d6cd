
/* A sample as people have it to what the circuit reads. Volatile: no step is fused with the next, or more exact. */
void NAME(encode)(const double *columns, size_t n, feature *features)
{
    unsigned c, i;
    for (; n; n--)
        for (c = 0; c < COLUMNS; c++) {
            const double x = *columns++;
            volatile double k = x * column_scale[c], v = x - column_offset[c];
            volatile float single;
            switch (column_kind[c]) {
            case 0: /* a number as it is */
                *features++ = (feature)x;
                break;
            case 1: /* the nearest code, a half upwards */
                k = k + column_offset[c];
                k = k + 0.5;
                *features++ = (feature)(!(k > 0) ? 0.0 : k >= column_top[c] ? column_top[c] : (double)(uint32_t)k);
                break;
            case 2: /* a pixel */
                v = v / column_scale[c];
                single = (float)v;
                *features++ = (feature)single;
                break;
            default: /* a word: 1 for it, 0 for all others */
                for (i = 0; i < column_words[c]; i++)
                    *features++ = (feature)(x == (double)i);
            }
        }
}
