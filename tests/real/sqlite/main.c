// Runs the SQL of standard input on a database file, and prints the rows, a line each with tabs between the columns.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static int print_row(void *unused, int count, char **values, char **names) {
    (void)unused, (void)names;
    for (int i = 0; i < count; i++) printf("%s%c", values[i] ? values[i] : "NULL", i + 1 < count ? '\t' : '\n');
    return 0;
}

int main(int argc, char **argv) {
    static char sql[1 << 20];
    sql[fread(sql, 1, sizeof sql - 1, stdin)] = 0;
    sqlite3 *database;
    char *wrong = NULL;
    if (sqlite3_open(argc > 1 ? argv[1] : ":memory:", &database) != SQLITE_OK ||
        sqlite3_exec(database, sql, print_row, NULL, &wrong) != SQLITE_OK) {
        fflush(stdout);
        printf("error: %s\n", wrong ? wrong : sqlite3_errmsg(database));
        return 1;
    }
    return sqlite3_close(database) == SQLITE_OK ? 0 : 2;
}
