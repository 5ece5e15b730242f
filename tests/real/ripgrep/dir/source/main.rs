fn main() {
    let crane = Crane::new("red");
    crane.fly(7, 42); // crane over water
}
