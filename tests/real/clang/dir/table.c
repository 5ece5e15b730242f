// A hash table and a sort, freestanding, so that the compiler has something to optimise.
typedef unsigned int word;
typedef unsigned long long wide;

struct entry { word key, value; struct entry *next; };

static struct entry entries[1024], *buckets[256];
static word used;

static inline word hash(word key) {
    key ^= key >> 16;
    key *= 0x7feb352du;
    return key ^ key >> 15;
}

word *find(word key) {
    for (struct entry *entry = buckets[hash(key) & 255]; entry; entry = entry->next)
        if (entry->key == key) return &entry->value;
    if (used == 1024) return 0;
    struct entry *entry = &entries[used++];
    entry->key = key;
    entry->next = buckets[hash(key) & 255];
    buckets[hash(key) & 255] = entry;
    return &entry->value;
}

void sort(word *numbers, int count) {
    if (count < 2) return;
    word middle = numbers[count / 2];
    int low = 0, high = count - 1;
    while (low <= high) {
        while (numbers[low] < middle) low++;
        while (numbers[high] > middle) high--;
        if (low <= high) {
            word kept = numbers[low];
            numbers[low++] = numbers[high];
            numbers[high--] = kept;
        }
    }
    sort(numbers, high + 1);
    sort(numbers + low, count - low);
}

double mean(const float *numbers, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += numbers[i] * numbers[i];
    return count ? sum / count : 0;
}

wide product(const word *a, const word *b, int count) {
    wide sum = 0;
    for (int i = 0; i < count; i++) sum += (wide)a[i] * b[i];
    return sum;
}

int kind(int letter) {
    switch (letter) {
    case 'a': case 'e': case 'i': case 'o': case 'u': return 1;
    case '0' ... '9': return 2;
    case ' ': case '\t': case '\n': return 3;
    case '(': case ')': case '[': case ']': return 4 + (letter & 1);
    default: return letter > 127 ? -1 : 0;
    }
}
