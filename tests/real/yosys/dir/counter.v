// A small design with a state machine, an adder, a memory and a shift register.
module counter(input clk, input reset, input [1:0] mode, input [7:0] load, output reg [7:0] count, output odd, output [3:0] past);
    reg [3:0] memory [0:15];
    reg [3:0] place;
    reg [2:0] state;
    wire [7:0] next = mode[0] ? count + 8'd3 : count - 8'd1;
    always @(posedge clk) begin
        if (reset) begin
            count <= 0;
            place <= 0;
            state <= 3'b001;
        end else begin
            case (state)
                3'b001: if (mode == 2'b11) state <= 3'b010;
                3'b010: begin count <= next; state <= mode[1] ? 3'b100 : 3'b001; end
                3'b100: begin count <= load * count[3:0]; state <= 3'b001; end
                default: state <= 3'b001;
            endcase
            memory[place] <= count[3:0];
            place <= place + 1;
        end
    end
    assign past = memory[place ^ 4'b1010];
    assign odd = ^count;
endmodule
